# SPDX-License-Identifier: Apache-2.0
"""Load Locust's classes without its import turning this process's threads and sockets into greenlets."""

import importlib
import os
from unittest import mock

# Set during the import alone: the Locust processes that tests start must patch themselves as usual.
with mock.patch.dict(os.environ, LOCUST_SKIP_MONKEY_PATCH="1"):
    importlib.import_module("locust")
