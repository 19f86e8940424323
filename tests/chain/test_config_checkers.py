# SPDX-License-Identifier: Apache-2.0
"""The servers' own checkers accept the config files as they are and refuse each one once it is broken."""

import shutil
from pathlib import Path

import pytest

from stack.check_configs import ROOT, checks, find_program

FOLDERS = ("otel", "prometheus", "loki", "tempo", "alertmanager", "nginx")
PROMETHEUS = "prometheus/prometheus.yaml"
RULES = "prometheus/rules/loan_service.alerts.yaml"
OBJECTIVES = "prometheus/slos/loan_service.slos.yaml"
BURN_RATES = "prometheus/rules/slo/prod/loan_service.slos.yaml"
MAIL = "alertmanager/alertmanager.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Copy the config files, so that a test may break one."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / "root" / name)
    return tmp_path / "root"


def refused(root: Path, only: str = "") -> list[str]:
    """Give the file or folder of each check that fails, of all checks or of those of one place."""
    found = [
        (place, check)
        for check in checks(root, root.parent / "scratch", find_program)
        for place in check.name.split(": ")[0].split(", ")
    ]
    return [place for place, check in found if only in {"", place} and check.run()]


def test_the_files_are_accepted(root: Path) -> None:
    assert refused(root) == []


@pytest.mark.parametrize(
    ("file", "right", "wrong", "refuses"),
    [
        ("otel/collector.yaml", "start_at: beginning", "start_at: middle", "otel/collector.yaml"),
        ("otel/collector.yaml", "span.kind ==", "span.sort ==", "otel/collector.yaml"),
        ("otel/collector.yaml", "max_interval: 5s", "max_interval: soon", "otel/collector.yaml"),
        ("otel/tail-sampling.yaml", "decision_wait: 10s", "decision_wait: soon", "otel/tail-sampling.yaml"),
        ("otel/tail-sampling.yaml", "memory_limiter, tail_sampling", "tail_sampler", "otel/tail-sampling.yaml"),
        (PROMETHEUS, "scrape_timeout: 4s", "scrape_timeout: 6s", PROMETHEUS),
        (PROMETHEUS, "rules/*.yaml", "rules/none.yaml", PROMETHEUS),
        (RULES, "== 0", "=== 0", RULES),
        (RULES, "for: 30s", "for: 5s", "prometheus/tests/loan_service.alerts.yaml"),
        (OBJECTIVES, "objective: 99.5", "objective: 99.9", "prometheus/slos/"),
        (BURN_RATES, "> (14.4 * 0.005)", "> (20 * 0.005)", "prometheus/tests/loan_service.slos.yaml"),
        (BURN_RATES, "> (6 * 0.01)", "> (9 * 0.01)", "prometheus/tests/loan_service.slos.yaml"),
        (BURN_RATES, "> (1 * 0.005)", "> (3 * 0.005)", "prometheus/tests/loan_service.slos.slow.yaml"),
        (BURN_RATES, "* 3600 >= 5", "* 3600 >= 0", "prometheus/tests/loan_service.slos.yaml"),
        (MAIL, "receiver: lending-mail", "receiver: nobody", "alertmanager/"),
        (MAIL, "lending-mail", "someone-else", "alertmanager/"),
        (MAIL, "receiver: lending-tickets", "receiver: lending-mail", "alertmanager/"),
        (MAIL, "receiver: heartbeat", "receiver: lending-mail", "alertmanager/"),  # the Watchdog would be mailed
        ("alertmanager/templates/lending.tmpl", "{{ range .Alerts }}", "{{ range }}", "alertmanager/"),
        ("loki/loki.yaml", "schema: v13", "schema: v99", "loki/loki.yaml"),
        ("loki/loki.yaml", "max_chunk_age", "max_chunk_years", "loki/loki.yaml"),
        ("tempo/tempo.yaml", "trace_idle_period", "trace_lazy_period", "tempo/tempo.yaml"),
        ("nginx/nginx.conf", "server_tokens off", "server_token off", "nginx/nginx.conf"),
        ("nginx/nginx.conf", "$upstream_seconds {", "$other {", "nginx/nginx.conf"),
    ],
)
def test_a_broken_file_is_refused(root: Path, file: str, right: str, wrong: str, refuses: str) -> None:
    text = (root / file).read_text()
    assert right in text

    (root / file).write_text(text.replace(right, wrong))

    assert refuses in refused(root, refuses)
