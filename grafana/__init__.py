# SPDX-License-Identifier: Apache-2.0
"""Grafana from files: the dashboards' source, the provisioning, and a reader that runs every provisioned query."""
