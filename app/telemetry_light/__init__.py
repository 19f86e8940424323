# SPDX-License-Identifier: Apache-2.0
"""TELEMETRY_PIPELINE=light: the same signals for less CPU; see README.md, which begins with who needs it."""

from app.telemetry_light.instrumentation import LightInstrumentation

__all__ = ["LightInstrumentation"]
