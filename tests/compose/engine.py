# SPDX-License-Identifier: Apache-2.0
"""A Docker engine of our own in one folder, for stand-in images: it never sees the machine's real ones."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60.0
# Containers get ten seconds each to stop by default, all at the same time.
STOP_SECONDS = 60.0
SYSTEM_SOCKET = Path("/run/docker.sock")


class EngineError(Exception):
    """The engine cannot run here; the text is one line."""


def why_not() -> str | None:
    """Return why no engine can be started here, or None."""
    missing = [name for name in ("dockerd", "docker", "debootstrap") if shutil.which(name, path=path()) is None]
    if missing:
        return f"missing: {', '.join(missing)} (apt-get install --no-install-recommends docker.io debootstrap)"
    if os.geteuid() != 0:
        return "dockerd needs root"
    # Both would write the same chains of iptables.
    return "another Docker engine runs on this machine" if SYSTEM_SOCKET.exists() else None


def path() -> str:
    """Give PATH with the system's folders first: `docker` elsewhere may be another client."""
    return f"/usr/sbin:/usr/bin:/sbin:/bin:{os.environ.get('PATH', '')}"


@contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """Start dockerd with all of its files in a folder; yield the environment in which `docker` talks to it."""
    if reason := why_not():
        raise EngineError(reason)
    folder.mkdir(parents=True, exist_ok=True)
    host = f"unix://{folder}/docker.sock"
    options = [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid", f"--host={host}"]
    environment = os.environ | {"PATH": path(), "DOCKER_HOST": host, "DOCKER_CONFIG": str(folder / "config")}
    with (folder / "dockerd.log").open("w") as log:
        engine = subprocess.Popen(["dockerd", *options], env=environment, stdout=log, stderr=log)
    try:
        _wait(engine, environment, folder)
        yield environment
    finally:
        engine.terminate()
        engine.wait(STOP_SECONDS)
        subprocess.run(["umount", *_mounts(folder)], check=False, capture_output=True)  # dockerd leaves one


def _mounts(folder: Path) -> list[str]:
    places = [line.split()[1] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    return [place for place in places if Path(place).is_relative_to(folder)]


def _wait(engine: "subprocess.Popen[bytes]", environment: dict[str, str], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run(["docker", "version"], env=environment, capture_output=True, check=False).returncode:
        if engine.poll() is not None or time.monotonic() > deadline:
            last = (folder / "dockerd.log").read_text(errors="replace").strip().splitlines()[-1:]
            raise EngineError(f"dockerd does not start: {''.join(last)}")
        time.sleep(0.5)
