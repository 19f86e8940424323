# SPDX-License-Identifier: Apache-2.0
"""The WSGI application for Gunicorn and `flask --app app.wsgi run`."""

import sys

from app.settings import Settings, SettingsError

try:
    settings = Settings.from_env()
except SettingsError as error:
    # One line without a traceback, which would hide it.
    sys.stderr.write(f"{error}\n")
    sys.exit(2)

# After the settings: a wrong one is reported at once, not after seconds of imports.
from app.factory import create_app

app = create_app(settings)
