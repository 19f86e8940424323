# SPDX-License-Identifier: Apache-2.0
"""The service and the bare one under Gunicorn, with the service's own configuration."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from stack.polling import poll
from stack.ports import HOST, free_port
from stack.process import Child, Command
from stack.readiness import status_of
from stack.site import ROOT

WORKERS: Final = 2
THREADS: Final = 4  # of each worker, as by default
START_SECONDS: Final = 60.0  # workers that import everything at once, on a busy machine
OK: Final = 200


@contextmanager
def serving(target: str, database_url: str, more: Mapping[str, str]) -> Iterator[int]:
    """Serve an app without telemetry, and give its port."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="loan-bench-") as folder:
        environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "API_HOST": HOST,
            "API_PORT": str(port),
            "API_WORKERS": str(WORKERS),
            "API_THREADS": str(THREADS),
            "TELEMETRY_DIR": folder,
            "OTEL_SDK_DISABLED": "true",
            **more,
        }
        # A worker that is replaced costs a second of imports, which would fall on either side by chance.
        argv = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--max-requests", "0", target]
        log = Path(folder) / "output.log"
        child = Child(Command(argv, log=log, env=environment, cwd=ROOT, grace_seconds=15))
        try:
            poll(lambda: status_of(port, "/livez") == OK, START_SECONDS, target)
            yield port
        finally:
            child.stop()
