# SPDX-License-Identifier: Apache-2.0
"""The service with a counter whose series are not created beforehand, as an application's own counters are."""

from flask import request
from opentelemetry import metrics

from app.wsgi import app

__all__ = ["app"]

puts = metrics.get_meter("app.late_series").create_counter("late.puts")


@app.before_request
def count_puts() -> None:
    if request.method == "PUT":
        puts.add(1)
