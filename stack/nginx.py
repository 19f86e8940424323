# SPDX-License-Identifier: Apache-2.0
"""Nginx from the machine."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Final

from stack.packages import Program
from stack.process import Command
from stack.reach import reachable_by
from stack.site import common_environment

if TYPE_CHECKING:
    from pathlib import Path

    from stack.site import Site

PROGRAM: Final = Program("nginx", "nginx-light", "brew install nginx")
find_nginx: Final = PROGRAM.find
why_missing: Final = PROGRAM.why_missing
install: Final = PROGRAM.install


def command(site: Site) -> Command:
    """Give the command that serves from a prefix folder: configuration, logs, buffers and runbooks below it."""
    prefix = site.data("nginx")
    (prefix / "tmp").mkdir(exist_ok=True)
    _link(prefix / "logs", site.log_dir)
    _link(prefix / "runbooks", site.config("nginx") / "runbooks")
    # As root the workers become `nobody`, who may not be able to enter a home folder.
    user = " user root;" if os.geteuid() == 0 and not reachable_by("nobody", site.run_dir) else ""
    config = site.config("nginx") / "nginx.conf"
    options = ["-p", f"{prefix}/", "-c", str(config), "-e", "stderr", "-g", f"daemon off;{user}"]
    return Command(
        argv=[find_nginx() or "nginx", *options],
        log=site.output("nginx"),
        env=common_environment(),
        death_signal=signal.SIGTERM,
    )


def _link(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)
