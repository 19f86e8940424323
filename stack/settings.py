# SPDX-License-Identifier: Apache-2.0
"""Every setting is checked before anything is made: PostgreSQL and Grafana keep the password of their first start."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from app.check_settings import check_settings
from app.settings import SettingsError
from stack.errors import StackError
from stack.overlays import require_overlay

if TYPE_CHECKING:
    from collections.abc import Mapping


def require_settings(settings: Mapping[str, str]) -> None:
    """Raise StackError with all that is wrong in the settings file, together with the environment."""
    try:
        check_settings({**os.environ, **settings})
    except SettingsError as error:
        raise StackError(str(error)) from None
    require_overlay(settings.get("OTELCOL_OVERLAY", ""))
