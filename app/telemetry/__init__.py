# SPDX-License-Identifier: Apache-2.0
"""Telemetry of the service: the only package beside telemetry_light that imports OpenTelemetry's SDK; see README.md."""

from app.telemetry.current import current_trace_id
from app.telemetry.instruments import record
from app.telemetry.log_directory import LogDirError, claim_logs, remove_old_logs
from app.telemetry.logging import configure_logging
from app.telemetry.pipelines import Pipeline, StandardInstrumentation
from app.telemetry.portfolio import observe_portfolio
from app.telemetry.resource import instance_name
from app.telemetry.setup import join_workers, observe_pool, run_in_background, set_up, shut_down
from app.telemetry.worker_files import TelemetryDirError, claim, forget_worker, lowest_free_slot

__all__ = [
    "LogDirError",
    "Pipeline",
    "StandardInstrumentation",
    "TelemetryDirError",
    "claim",
    "claim_logs",
    "configure_logging",
    "current_trace_id",
    "forget_worker",
    "instance_name",
    "join_workers",
    "lowest_free_slot",
    "observe_pool",
    "observe_portfolio",
    "record",
    "remove_old_logs",
    "run_in_background",
    "set_up",
    "shut_down",
]
