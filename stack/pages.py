# SPDX-License-Identifier: Apache-2.0
"""A page for a browser from a Prometheus that is built here.

The release embeds a compiled React application. No registry has it: not the Go module, not npm; Debian's package is of
version 2.42. A Prometheus without it serves the folder `static` of its working directory, which is the run folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stack.site import ROOT

if TYPE_CHECKING:
    from stack.site import Site

PAGE: Final = ROOT / "stack" / "prometheus_page.html"


def place_prometheus_page(site: Site) -> None:
    """Put the page where Prometheus looks for its application; every address of that shows it."""
    target = site.run_dir / "static" / "mantine-ui" / "index.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(site.addresses.rewrite(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
