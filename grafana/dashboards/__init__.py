# SPDX-License-Identifier: Apache-2.0
"""Dashboards as Python: `python -m grafana.dashboards` writes their JSON, `--check` fails when it has drifted."""

import warnings

# The SDK warns at import that it prefers schema v2, which file provisioning refuses.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import grafana_foundation_sdk.builders.dashboard
    import grafana_foundation_sdk.models.dashboardv2beta1  # noqa: F401
