# SPDX-License-Identifier: Apache-2.0
"""Runs Gunicorn as on a host of another name: python -m tests.chain.on_another_host NAME [Gunicorn's arguments].

Two replicas on one machine would call themselves the same. A UTS namespace would need root; this needs nothing.
"""

import socket
import sys

from gunicorn.app.wsgiapp import run  # type: ignore[import-untyped]

if __name__ == "__main__":
    name = sys.argv.pop(1)
    socket.gethostname = lambda: name  # before the fork, so that the workers have it too
    run()
