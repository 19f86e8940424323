# SPDX-License-Identifier: Apache-2.0
"""TELEMETRY_PIPELINE=light: the same signals for less CPU; README.md describes when it is needed."""

from app.telemetry_light.instrumentation import LightInstrumentation

__all__ = ["LightInstrumentation"]
