# SPDX-License-Identifier: Apache-2.0
"""The sessions' environments: kept from run to run, and installed without a network where that is possible."""

import importlib.util
from types import ModuleType

import pytest
from nox.command import CommandFailed

from stack.site import ROOT


class Session:
    """Stands in for nox's session: notes each install, and fails those that need an index."""

    def __init__(self, backend: str, *, online: bool) -> None:
        self.venv_backend = backend
        self.installs: list[tuple[str, ...]] = []
        self.warnings: list[str] = []
        self._online = online

    def install(self, *words: str) -> None:
        """Note an install."""
        self.installs.append(words)
        if not self._online and "--offline" not in words:
            raise CommandFailed

    def warn(self, text: str) -> None:
        """Note a warning."""
        self.warnings.append(text)


@pytest.fixture(scope="module")
def noxfile() -> ModuleType:
    """Load the sessions."""
    specification = importlib.util.spec_from_file_location("noxfile", ROOT / "noxfile.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


APP = ("--require-hashes", "-r", "requirements/app.txt")


def test_environments_are_kept(noxfile: ModuleType) -> None:
    assert noxfile.nox.options.reuse_venv == "yes"


def test_an_install_asks_the_index_once(noxfile: ModuleType) -> None:
    session = Session("uv", online=True)

    noxfile.install(session, "app")

    assert (session.installs, session.warnings) == ([APP], [])


def test_without_an_index_the_packages_of_earlier_installs_do(noxfile: ModuleType) -> None:
    session = Session("uv", online=False)

    noxfile.install(session, "app")

    assert session.installs == [APP, ("--offline", *APP)]
    assert len(session.warnings) == 1


def test_pip_has_no_such_choice(noxfile: ModuleType) -> None:
    session = Session("virtualenv", online=False)

    with pytest.raises(CommandFailed):
        noxfile.install(session, "app")

    assert session.installs == [APP]
