# SPDX-License-Identifier: Apache-2.0
"""Nginx from the machine."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Final

from stack.packages import Program
from stack.process import Command
from stack.reach import let_others_pass
from stack.site import ROOT, common_environment

if TYPE_CHECKING:
    from pathlib import Path

    from stack.site import Site

PROGRAM: Final = Program("nginx", "nginx-light", "brew install nginx")
find_nginx: Final = PROGRAM.find
why_missing: Final = PROGRAM.why_missing
install: Final = PROGRAM.install
ROTATE: Final = ROOT / "nginx" / "rotate.sh"  # becomes Nginx


def command(site: Site) -> Command:
    """Return the command that serves from a prefix folder: configuration, logs, buffers and runbooks below it.

    As root the workers become `nobody`. They open files relative to the folder in which Nginx was started, so the
    folders above the run folder may be closed to them, as a home folder is.
    """
    prefix = site.data("nginx")
    let_others_pass(prefix.parent, prefix)
    (prefix / "tmp").mkdir(exist_ok=True)
    _link(prefix / "logs", site.log_dir)
    _link(prefix / "runbooks", site.config("nginx") / "runbooks")
    config = os.path.relpath(site.config("nginx") / "nginx.conf", prefix)
    # The prefix is relative, too: Nginx takes a "$" in a path for the beginning of a variable.
    options = ["-p", f"{site.relative(prefix)}/", "-c", config, "-e", "stderr", "-g", "daemon off;"]
    return Command(
        argv=["sh", str(ROTATE), str(site.relative(prefix)), find_nginx() or "nginx", *options],
        log=site.output("nginx"),
        env=common_environment(),
        cwd=site.run_dir,
        death_signal=signal.SIGTERM,
    )


def _link(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(target, link.parent))
