# SPDX-License-Identifier: Apache-2.0
"""Nginx from the machine; on Debian and Ubuntu root may install it."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from stack.process import Command
from stack.reach import reachable_by
from stack.site import common_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack.site import Site

PACKAGE = "nginx-light"
ADMIN_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin"  # not on the PATH of every user
NO_SERVICE_START = Path("/usr/sbin/policy-rc.d")
INSTALL_SECONDS = 300


def find_nginx() -> str | None:
    """Give the path of Nginx, if the machine has it."""
    return shutil.which("nginx") or shutil.which("nginx", path=ADMIN_FOLDERS)


def why_missing() -> str | None:
    """Say why Nginx cannot run here and what to do, or None when it can."""
    if find_nginx():
        return None
    return "nginx is not installed: apt-get install nginx-light, brew install nginx, or the like"


def install(say: Callable[[str], None]) -> None:
    """Install the package where that is possible and say so first; elsewhere do nothing."""
    if find_nginx() or os.geteuid() != 0 or not shutil.which("apt-get") or not _is_debian_like():
        return
    say(f"nginx is not installed: apt-get install {PACKAGE} (as root on a Debian-like system)")
    created = _forbid_service_start()
    try:
        for words in (["update"], ["install", "-y", "--no-install-recommends", PACKAGE]):
            _apt_get(words, say)
    finally:
        if created:
            NO_SERVICE_START.unlink()


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


def _apt_get(words: list[str], say: Callable[[str], None]) -> None:
    argv = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", *words]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        result = subprocess.run(
            argv, env=environment, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        say(f"apt-get {words[0]} took over {INSTALL_SECONDS} s: going on without")
        return
    if result.returncode:
        say(f"apt-get {words[0]} failed: {(result.stderr or result.stdout).strip().splitlines()[-1]}")


def _forbid_service_start() -> bool:
    """Keep the package from starting a system-wide Nginx, which would take port 80."""
    if NO_SERVICE_START.exists():
        return False
    NO_SERVICE_START.write_text("#!/bin/sh\nexit 101\n")
    NO_SERVICE_START.chmod(0o755)
    return True


def _is_debian_like() -> bool:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    return "debian" in f"{release.get('ID', '')} {release.get('ID_LIKE', '')}"
