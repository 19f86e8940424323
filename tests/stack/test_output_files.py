# SPDX-License-Identifier: Apache-2.0
"""README and runbooks name files with a server's last lines: the native stack writes them there."""

import re
from pathlib import Path

from stack.addresses import Addresses
from stack.environment import parse
from stack.ports import FixedPorts
from stack.service_commands import database
from stack.services import SERVICES
from stack.site import ROOT, Site

OUTPUT = re.compile(r"\.run/(output/[\w-]+\.log)")


def test_the_named_files_are_those_that_the_servers_write(tmp_path: Path) -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs" / "runbooks").glob("*.md")]
    named = {file for page in pages for file in OUTPUT.findall(page.read_text(encoding="utf-8"))}
    ports = FixedPorts({})
    addresses = Addresses({port: ports.choose(port) for service in SERVICES for port in service.ports})
    settings = parse((ROOT / ".env.dev").read_text(encoding="utf-8"), {})
    programs = {service.program: Path(service.program) for service in SERVICES if service.program}
    site = Site(tmp_path, addresses, settings, programs=programs)
    own = [service for service in SERVICES if f"output/{service.name}.log" in named and service.name != "db"]
    site.config("prometheus").mkdir(parents=True)  # what its command adds to its rewritten files

    # PostgreSQL's command would make its data folder first.
    written = [database(site).log, *(service.command(site).log for service in own)]

    assert {"output/migrate.log", "output/api.log", "output/otelcol.log", "output/prometheus.log"} < named
    assert {str(log.relative_to(tmp_path)) for log in written} == named
