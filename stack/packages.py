# SPDX-License-Identifier: Apache-2.0
"""Programs that come from the machine; on Debian and Ubuntu root may install them."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

ADMIN_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin"  # not on the PATH of every user
NO_SERVICE_START = Path("/usr/sbin/policy-rc.d")
INSTALL_SECONDS: Final = 300


@dataclass(frozen=True)
class Program:
    """A program, and the packages that bring it on Debian and elsewhere."""

    name: str
    debian: str
    elsewhere: str

    def find(self) -> str | None:
        """Give its path, if the machine has it."""
        return shutil.which(self.name) or shutil.which(self.name, path=ADMIN_FOLDERS)

    def why_missing(self) -> str | None:
        """Return that it is missing and what to do, or None when it is there."""
        if self.find():
            return None
        return f"{self.name} is not installed: install it (apt-get install {self.debian}, {self.elsewhere})"

    def install(self, echo: Callable[[str], None]) -> None:
        """Install the package where that is possible, and print this first; elsewhere do nothing."""
        if self.find() or os.geteuid() != 0 or not shutil.which("apt-get") or not _is_debian_like():
            return
        echo(f"{self.name} is not installed: installing Debian's package {self.debian} now, with apt-get")
        created = _forbid_service_start()
        try:
            for words in (["update"], ["install", "-y", "--no-install-recommends", self.debian]):
                _apt_get(words, echo)
        finally:
            if created:
                NO_SERVICE_START.unlink()


def _apt_get(words: list[str], echo: Callable[[str], None]) -> None:
    argv = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", *words]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        result = subprocess.run(
            argv, env=environment, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        echo(f"apt-get {words[0]} took over {INSTALL_SECONDS} s: going on without")
        return
    if result.returncode:
        said = (result.stderr or result.stdout).strip().splitlines()
        echo(f"apt-get {words[0]} failed: {said[-1] if said else f'exit code {result.returncode}'}")


def _forbid_service_start() -> bool:
    """Keep a package from starting a system-wide service, which could take port 80."""
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
