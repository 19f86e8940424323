# SPDX-License-Identifier: Apache-2.0
"""What Gunicorn serves: the app of unusual answers, bare, or with the telemetry that the environment configures."""

import os

from app.factory import set_up_telemetry
from app.settings import Settings
from tests.telemetry.edges_app import build

app = build(None if os.environ.get("BARE") else lambda app: set_up_telemetry(app, Settings.from_env()))
