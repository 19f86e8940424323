# SPDX-License-Identifier: Apache-2.0
"""A small app behind the real gunicorn.conf.py: telemetry without a database."""

import os
import time

from flask import Flask, request

from app import telemetry
from app.api import errors
from app.factory import set_up_telemetry
from app.settings import Settings

app = Flask("target")
set_up_telemetry(app, Settings.from_env())
errors.register(app, telemetry.current_trace_id)


@app.get("/tasks/<int:number>")
def work(number: int) -> str:
    return str(number)


@app.get("/slow")
def slow() -> str:
    time.sleep(1)
    return "slow"


@app.get("/pid")
def pid() -> str:
    return str(os.getpid())


@app.get("/boom")
def boom() -> str:
    raise RuntimeError(request.headers["X-Canary"])
