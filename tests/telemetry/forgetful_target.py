# SPDX-License-Identifier: Apache-2.0
"""The same app with workers that keep no totals: the negative control of the exactness tests."""

from app.telemetry.workers import Workers
from tests.telemetry.target import app

__all__ = ["app"]

Workers._keep = lambda *_arguments: None  # type: ignore[method-assign]  # noqa: SLF001
