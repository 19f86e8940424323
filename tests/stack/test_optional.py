# SPDX-License-Identifier: Apache-2.0
"""Grafana and Nginx come from the machine: used when there, named when missing, installed only where that is right."""

import json
import os
import sys
import textwrap
from pathlib import Path

import pytest

from stack import grafana, nginx, packages
from stack.runner import Stack

FAKE_GRAFANA = """
    import http.server, json, os, pathlib, sys
    pathlib.Path("asked").write_text(json.dumps({"argv": sys.argv[1:], "environment": dict(os.environ)}))
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/api/health" else 404); self.end_headers()
    port = int(os.environ["GF_SERVER_HTTP_PORT"])
    http.server.HTTPServer((os.environ["GF_SERVER_HTTP_ADDR"], port), Answer).serve_forever()
"""


def program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    script = folder / name
    script.write_text(text)
    script.chmod(0o755)
    return script


@pytest.fixture
def grafana_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a made-up Grafana on PATH, with a home folder."""
    program(tmp_path / "bin", "grafana", f"#!{sys.executable}\n{textwrap.dedent(FAKE_GRAFANA)}")
    home = tmp_path / "home"
    (home / "conf").mkdir(parents=True)
    (home / "conf" / "defaults.ini").touch()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GRAFANA_HOME", str(home))
    return home


@pytest.mark.usefixtures("grafana_home")
def test_grafana_serves_the_provisioned_files_with_this_machines_addresses() -> None:
    with Stack.temporary(only=["grafana"]) as stack:
        asked = json.loads((stack.data_dir("grafana") / "asked").read_text())
        environment = asked["environment"]
        provisioning = Path(environment["GF_PATHS_PROVISIONING"])
        sources = (provisioning / "datasources" / "datasources.yaml").read_text()

        assert asked["argv"] == ["server", "--homepath", os.environ["GRAFANA_HOME"]]
        assert environment["GF_SERVER_HTTP_PORT"] == str(stack.site.port("grafana"))
        assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
        assert environment["GF_SMTP_HOST"] == stack.site.address("mailpit", "smtp")
        assert environment["GF_SECURITY_ADMIN_PASSWORD"] == stack.site.settings["GF_ADMIN_PASSWORD"]
        assert f"http://{stack.site.address('loki')}" in sources
        assert "loki:3100" not in sources
        assert list(provisioning.glob("dashboards/*/*.json"))


@pytest.mark.usefixtures("grafana_home")
def test_prometheus_scrapes_grafana_only_where_it_runs(tmp_path: Path) -> None:
    with_grafana = Stack(tmp_path / "with", only=["prometheus", "grafana"])
    without = Stack(tmp_path / "without", only=["prometheus"])

    for stack in (with_grafana, without):
        stack.site.programs["prometheus"] = Path("prometheus")
        stack.site.write_config("prometheus", stack.services["prometheus"].files)
        stack.services["prometheus"].command(stack.site)

    assert (with_grafana.config_dir("prometheus") / "targets" / "grafana.yaml").exists()
    assert not (without.config_dir("prometheus") / "targets" / "grafana.yaml").exists()


def test_a_missing_grafana_is_named_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    stack = Stack(tmp_path, only=["grafana", "loki"])

    assert set(stack.services) == {"loki"}
    assert stack.missing["grafana"].startswith("grafana is not on PATH")


def test_a_grafana_without_its_home_is_named(grafana_home: Path) -> None:
    (grafana_home / "conf" / "defaults.ini").unlink()

    reason = grafana.why_missing()

    assert reason == f"no conf/defaults.ini in {grafana_home}: set GRAFANA_HOME to Grafana's home folder"


@pytest.fixture
def no_nginx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hide the machine's programs, but leave a package manager that notes how it is called."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(packages, "ADMIN_FOLDERS", "")
    monkeypatch.setattr(packages, "NO_SERVICE_START", tmp_path / "policy-rc.d")
    program(tmp_path / "bin", "apt-get", f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n[ -x {tmp_path}/policy-rc.d ]\n')
    return tmp_path / "calls"


@pytest.mark.parametrize(
    ("user", "system", "installs"),
    [(0, "debian", True), (0, "ubuntu", True), (1000, "debian", False), (0, "fedora", False)],
)
def test_nginx_is_installed_by_root_on_debian_and_ubuntu_after_saying_so(
    no_nginx: Path, monkeypatch: pytest.MonkeyPatch, user: int, system: str, installs: bool
) -> None:
    release = {"ID": system, "ID_LIKE": "debian" if system == "ubuntu" else ""}
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: release)
    said: list[str] = []

    nginx.install(said.append)

    calls = [line.split()[3] for line in no_nginx.read_text().splitlines()] if no_nginx.exists() else []
    assert calls == (["update", "install"] if installs else [])
    assert len(said) == installs
    assert not packages.NO_SERVICE_START.exists()  # no service may take port 80 meanwhile, and later ones may


@pytest.mark.usefixtures("no_nginx")
def test_a_missing_nginx_is_named_and_its_exporter_with_it(tmp_path: Path) -> None:
    stack = Stack(tmp_path, only=["nginx", "nginx-exporter", "db"])

    assert set(stack.services) == {"db"}
    assert set(stack.missing) == {"nginx", "nginx-exporter"}
    assert "nginx is not installed" in stack.missing["nginx"]
