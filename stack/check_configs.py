# SPDX-License-Identifier: Apache-2.0
"""Check every server's config files with that server's own checker: python -m stack.check_configs."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING

import yaml

from stack import build, nginx
from stack.check import Check, run_all
from stack.errors import StackError
from stack.ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Programs = Callable[[str], Path]

ROOT = Path(__file__).parents[1]
LINT = ["--lint=all", "--lint-fatal"]
RECEIVERS = {"critical": "lending-mail", "warning": "lending-tickets", "none": "heartbeat"}  # by severity


def checks(root: Path, scratch: Path, program: Programs) -> Iterator[Check]:
    """List the checks of the config files below `root`; what a checker writes goes to `scratch`."""
    yield from collector(root, scratch, program)
    yield from prometheus(root, scratch, program)
    yield objectives(root)
    yield from alertmanager(root, program)
    yield loki(root, scratch, program)
    yield tempo(root, scratch, program)
    yield nginx_conf(root, scratch, program)
    yield Check("nginx/rotate.sh: sh -n", ["sh", "-n", str(root / "nginx/rotate.sh")])


def collector(root: Path, scratch: Path, program: Programs) -> Iterator[Check]:
    """Let the collector read its file alone, and with each overlay merged over it."""
    argv = [str(program("otelcol")), "validate", "--feature-gates=stanza.synchronousLogEmitter"]
    own = "otel/collector.yaml"
    for file in files(root, "otel/*.yaml"):
        merged = [f"--config={root / name}" for name in dict.fromkeys((own, file))]
        yield Check(f"{file}: otelcol validate", [*argv, *merged], {"OTELCOL_DATA": str(scratch / "otelcol")})


def prometheus(root: Path, scratch: Path, program: Programs) -> Iterator[Check]:
    """Let promtool read the configuration and the rules, and run the rules' tests."""
    promtool = str(program("promtool"))
    folder = copytree(root / "prometheus", scratch / "prometheus")
    (folder / "secrets").mkdir()
    (folder / "secrets/ops_token").write_text("any")  # promtool wants it to exist; who starts Prometheus makes it
    config = [promtool, "check", "config", *LINT, str(folder / "prometheus.yaml")]
    yield Check("prometheus/prometheus.yaml, prometheus/targets/: promtool check config", config)
    for file in files(root, "prometheus/rules/**/*.yaml"):
        yield Check(f"{file}: promtool check rules", [promtool, "check", "rules", *LINT, str(root / file)])
    for file in files(root, "prometheus/tests/*.yaml"):
        yield Check(f"{file}: promtool test rules", [promtool, "test", "rules", str(root / file)])


def objectives(root: Path) -> Check:
    """Compare the hashes in the generated rules; without Sloth, which takes minutes to build."""
    argv = [sys.executable, "-m", "stack.slos", "--check-hashes", f"--root={root}"]
    return Check("prometheus/slos/, prometheus/rules/slo/: hashes of inputs and rules", argv)


def alertmanager(root: Path, program: Programs) -> Iterator[Check]:
    """Let amtool read the configuration with its templates, and check the receiver of each alert."""
    amtool, file = str(program("amtool")), str(root / "alertmanager/alertmanager.yaml")
    yield Check("alertmanager/: amtool check-config", [amtool, "check-config", file])
    routes = [amtool, "config", "routes", "test", f"--config.file={file}"]
    for name, labels in alerts(root):
        receiver = RECEIVERS[labels["severity"]]
        argv = [*routes, f"--verify.receivers={receiver}", f"alertname={name}"]
        yield Check(
            f"alertmanager/: {name} goes to {receiver}", [*argv, *(f"{key}={value}" for key, value in labels.items())]
        )


def alerts(root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Read the name and the labels of every alert; both profiles of the objectives have the same."""
    for file in files(root, "prometheus/rules/*.yaml") + files(root, "prometheus/rules/slo/prod/*.yaml"):
        for group in yaml.safe_load((root / file).read_text())["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    yield rule["alert"], rule["labels"]


def loki(root: Path, scratch: Path, program: Programs) -> Check:
    """Let Loki read its file."""
    argv = [str(program("loki")), f"-config.file={root / 'loki/loki.yaml'}", "-config.expand-env=true"]
    return Check("loki/loki.yaml: loki -verify-config", [*argv, "-verify-config"], {"LOKI_DATA": str(scratch / "loki")})


def tempo(root: Path, scratch: Path, program: Programs) -> Check:
    """Let Tempo read its file; it refuses what it would only warn of at a start."""
    argv = [str(program("tempo")), f"-config.file={root / 'tempo/tempo.yaml'}", "-config.expand-env=true"]
    environment = {"TEMPO_DATA": str(scratch / "tempo")}
    return Check("tempo/tempo.yaml: tempo -config.verify", [*argv, "-config.verify=true"], environment)


def nginx_conf(root: Path, scratch: Path, program: Programs) -> Check:
    """Let Nginx read its file from a prefix like the one it runs in."""
    prefix = scratch / "nginx"
    for name in ("logs", "runbooks", "tmp"):
        (prefix / name).mkdir(parents=True)
    # The test opens the ports as well, and 80 needs root.
    text = re.sub(r"(?<=listen )[\d.]+:\d+", lambda _: f"{HOST}:{free_port()}", (root / "nginx/nginx.conf").read_text())
    (prefix / "nginx.conf").write_text(text)
    return Check(
        "nginx/nginx.conf: nginx -t",
        [str(program("nginx")), "-t", "-e", "stderr", "-p", f"{prefix}/", "-c", "nginx.conf"],
    )


def files(root: Path, pattern: str) -> list[str]:
    """List the files that match, by their path below `root`."""
    return sorted(str(file.relative_to(root)) for file in root.glob(pattern))


def find_program(name: str) -> Path:
    """Give the path of a checker: built when need be, Nginx from the machine."""
    if name != "nginx":
        return build.program(name)
    nginx.install(print)
    found = nginx.find_nginx()
    if not found:
        raise StackError(nginx.why_missing() or "nginx is not installed")
    return Path(found)


def main(root: Path = ROOT, program: Programs = find_program) -> int:
    """Run every check, print which failed and why, and fail if any did."""
    with tempfile.TemporaryDirectory(prefix="loan-configs-") as scratch:
        return run_all(checks(root, Path(scratch), program))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StackError as error:
        sys.exit(str(error))
