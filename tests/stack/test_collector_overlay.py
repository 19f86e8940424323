# SPDX-License-Identifier: Apache-2.0
"""OTELCOL_OVERLAY names the file that is merged over the collector's; any other name is refused in one line."""

import itertools
from pathlib import Path

import pytest

from stack.addresses import Addresses
from stack.errors import StackError
from stack.ports import FreePorts
from stack.server_commands import otelcol
from stack.services import SERVICES
from stack.site import Site

OTELCOL = next(service for service in SERVICES if service.name == "otelcol")


def configs_of(folder: Path, settings: dict[str, str]) -> list[str]:
    """Give the names of the files that the collector would be started with, in their order."""
    ports = FreePorts()
    addresses = Addresses({port: ports.choose(port) for one in SERVICES for port in one.ports})
    site = Site(folder, addresses, settings, programs={"otelcol": Path("/usr/bin/otelcol")})
    site.write_config("otelcol", OTELCOL.files)
    argv = otelcol(site).argv
    return [Path(value).name for flag, value in itertools.pairwise(argv) if flag == "--config"]


@pytest.mark.parametrize("settings", [{}, {"OTELCOL_OVERLAY": ""}])
def test_without_an_overlay_the_collector_reads_its_own_file_alone(tmp_path: Path, settings: dict[str, str]) -> None:
    assert configs_of(tmp_path, settings) == ["collector.yaml"]


def test_an_overlay_comes_second_and_so_wins(tmp_path: Path) -> None:
    names = configs_of(tmp_path, {"OTELCOL_OVERLAY": "tail-sampling"})

    assert names == ["collector.yaml", "tail-sampling.yaml"]


def test_an_unknown_overlay_is_refused_in_one_line_that_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"^OTELCOL_OVERLAY: one of collector, .*tail-sampling.* is expected .*$"):
        configs_of(tmp_path, {"OTELCOL_OVERLAY": "tail_sampling"})
