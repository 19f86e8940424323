# SPDX-License-Identifier: Apache-2.0
"""The service in its other mode: the settings that are measured with this name choose it."""

from bench.cost.variants.standard import create, flush

__all__ = ["create", "flush"]
