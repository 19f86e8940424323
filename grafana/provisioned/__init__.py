# SPDX-License-Identifier: Apache-2.0
"""Reads the queries from Grafana's provisioned files, and runs each on the live servers."""

from grafana.provisioned.ask import Answer, Status, ask
from grafana.provisioned.files import PROVISIONING, queries, sources
from grafana.provisioned.query import Kind, Query, Source, Way
from grafana.provisioned.runbooks import runbook_queries
from grafana.provisioned.variables import Click, UnknownVariableError, Window

__all__ = [
    "PROVISIONING",
    "Answer",
    "Click",
    "Kind",
    "Query",
    "Source",
    "Status",
    "UnknownVariableError",
    "Way",
    "Window",
    "ask",
    "queries",
    "runbook_queries",
    "sources",
]
