# SPDX-License-Identifier: Apache-2.0
"""What Gunicorn and `flask --app app.wsgi run` serve."""

import sys

from app.settings import Settings, SettingsError

try:
    settings = Settings.from_env()
except SettingsError as error:
    # One line for the person who starts it; a traceback would hide it.
    sys.stderr.write(f"{error}\n")
    sys.exit(2)

# After the settings: a wrong one is told at once, not after seconds of imports.
from app.factory import create_app

app = create_app(settings)
