# SPDX-License-Identifier: Apache-2.0
"""Users and folders: what a server that refuses to be root can read, and how root hands it over."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from pathlib import Path
from typing import TypedDict

# Only root writes here, so no other user can replace a copied program.
ROOT_CACHE = Path("/var/cache/loan-service")
UNPRIVILEGED_USERS = ("postgres", "nobody")


class Identity(TypedDict, total=False):
    """The arguments of `subprocess` that change the user."""

    user: int
    group: int
    extra_groups: list[int]


def server_user() -> str | None:
    """Give the user that runs PostgreSQL for root; None when the runner is not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED_USERS if name in known)


def identity(user: str | None) -> Identity:
    """Give the arguments that start a process as a user."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def give_to(user: str | None, path: Path) -> None:
    """Make a file or folder belong to a user alone."""
    path.chmod(0o700 if path.is_dir() else 0o600)
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def let_others_pass(*folders: Path) -> None:
    """Make folders, and let the servers that root starts as another user pass through them, whatever the umask is."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            folder.chmod(0o711)


def let_others_read(tree: Path) -> None:
    """Let every user read a tree and run its programs, whatever the umask was when it was written."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & stat.S_IXUSR else 0o444))


def reachable_by(user: str | None, folder: Path) -> bool:
    """Return whether a user may enter a folder and every folder above it."""
    if user is None:
        return True
    entry = pwd.getpwnam(user)
    return all(_enterable(place, entry.pw_uid, entry.pw_gid) for place in (folder, *folder.absolute().parents))


def _enterable(folder: Path, uid: int, gid: int) -> bool:
    status = folder.stat()
    if status.st_uid == uid:
        return bool(status.st_mode & stat.S_IXUSR)
    return bool(status.st_mode & (stat.S_IXGRP if status.st_gid == gid else stat.S_IXOTH))


def copy_for(user: str | None, tree: Path, beside: Path | None = None) -> Path:
    """Give a folder that the user can read: the tree itself, or root's copy of it with the folder `beside` it."""
    if reachable_by(user, tree):
        return tree
    key = hashlib.sha256(f"{tree} {tree.stat().st_mtime_ns}".encode()).hexdigest()[:16]
    let_others_pass(ROOT_CACHE)
    home = ROOT_CACHE / key
    copy = home / tree.parent.name / tree.name
    if not home.exists():
        unfinished = ROOT_CACHE / f"{key}.{os.getpid()}"
        _copy(tree, unfinished / tree.parent.name / tree.name)
        if beside is not None and beside.exists():
            _copy(beside, unfinished / beside.name)
        let_others_read(unfinished)
        unfinished.rename(home)
    elif not reachable_by(user, copy):  # an older version of this file copied with the umask's modes
        let_others_read(home)
    return copy


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, target, symlinks=True)
