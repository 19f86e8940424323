# SPDX-License-Identifier: Apache-2.0
"""Grafana from files: the dashboards' source, what is provisioned, and a reader that asks every query of it."""
