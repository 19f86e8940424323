# SPDX-License-Identifier: Apache-2.0
"""Keeps requests to this machine from going through a proxy, whatever HTTP_PROXY is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Programs read one spelling or the other, and some take the first that is set.
NAMES = ("no_proxy", "NO_PROXY")


def loopback_is_direct(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with loopback among the hosts without a proxy; the user's own hosts stay."""
    asked = ",".join(environ[name] for name in NAMES if environ.get(name))
    hosts = dict.fromkeys([*(host.strip() for host in asked.split(",") if host.strip()), *LOOPBACK])
    return {**environ, **dict.fromkeys(NAMES, ",".join(hosts))}
