# SPDX-License-Identifier: Apache-2.0
"""The stack's Nginx with long timeouts, switched without a stop between one and several replicas of the service."""

import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from stack.polling import poll
from stack.runner import Stack
from tests.chain.arbiter import workers_of
from tests.chain.patient_clients import PATIENT_SECONDS

RELOAD_SECONDS: Final = 60.0


def lead_to(stack: Stack, *urls: str) -> None:
    """Let Nginx send new requests to these replicas alone; returns when those under way have ended."""
    reload(stack, before(*urls))


def as_usual(stack: Stack) -> None:
    """Give Nginx its own configuration back."""
    reload(stack, None)


def reload(stack: Stack, transform: Callable[[str], str] | None) -> None:
    """Change the configuration without a stop, and wait until the processes that had the old one have ended."""
    stack.site.write_config("nginx", stack.services["nginx"].files, transform)
    pid = stack.pid("nginx")
    old = nginx_workers(pid)
    stack.kill("nginx", signal.SIGHUP)
    poll(lambda: replaced(old, nginx_workers(pid)), RELOAD_SECONDS, "Nginx with its new configuration")


def nginx_workers(master: int) -> set[int]:
    """List the worker processes of Nginx; the script that rotates its log is a child of the same process."""
    return {pid for pid in workers_of(master) if command_line(pid).startswith("nginx: worker")}


def command_line(pid: int) -> str:
    """Read how a process calls itself; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def replaced(old: set[int], now: set[int]) -> bool:
    """Return whether there are workers, and none of the old ones."""
    return bool(now) and not now & old


def before(*urls: str) -> Callable[[str], str]:
    """Make a change of the configuration that puts Nginx before several replicas, for patient clients.

    It keeps no connection to a client: what went out on one just as it closed, the client could not count.
    """
    servers = " ".join(f"server {url.removeprefix('http://')};" for url in urls)
    changes = {
        r"^http \{": f"http {{ keepalive_timeout 0; upstream replicas {{ {servers} }}",
        r"set \$service .*;": "set $service replicas;",
        r"proxy_read_timeout \w+;": f"proxy_read_timeout {PATIENT_SECONDS:.0f}s;",
    }

    def transform(config: str) -> str:
        for pattern, text in changes.items():
            config, changed = re.subn(pattern, text, config, flags=re.MULTILINE)
            assert changed == 1, pattern
        return config

    return transform
