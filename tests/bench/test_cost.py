# SPDX-License-Identifier: Apache-2.0
"""What the measurement of telemetry's cost computes, writes and refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from bench.cost import gate, page, wrk
from bench.cost.duel import Duel
from bench.cost.instructions import summary
from bench.cost.served import Served
from bench.cost.sink import collecting
from bench.cost.variants import TITLES, bare
from bench.cost.wrk import Load

COUNTS = {"bare": {"GET one loan": 1000}, "ours": {"GET one loan": 2000}}


def duel(variant: str = "ours", ratio: float = 1.3, p99: float = 3.0) -> Duel:
    """Make a duel of one round."""
    return Duel(variant, "GET one loan", [ratio], [1.0], [(Load(100, 1.5, p99), Load(100, 1.0, 2.0))])


def test_more_than_the_tolerance_is_a_regression() -> None:
    before = gate.ratios(COUNTS, "ours")

    assert before == {"GET one loan": 2.0}
    assert gate.regressions(before, {"GET one loan": 2.05}) == []
    assert gate.regressions(before, {"GET one loan": 2.07}) == ["GET one loan: 2.070 x bare, and it was 2.000"]


def test_figures_are_kept_for_one_python(tmp_path: Path) -> None:
    file = tmp_path / "instructions.json"

    gate.keep(COUNTS, file)

    assert gate.kept(file) == COUNTS
    file.write_text(file.read_text().replace(f"3.{sys.version_info.minor}", "2.7"))
    with pytest.raises(RuntimeError, match=r"Python 2\.7's"):
        gate.kept(file)


def test_the_committed_figures_are_of_every_variant_on_every_route() -> None:
    counts = json.loads(gate.KEPT.read_text())["instructions"]

    assert list(counts) == list(TITLES)
    assert all(list(each) == list(page.TARGETS) for each in counts.values())


def test_targets_that_are_missed_are_told() -> None:
    assert page.missed([duel(), duel("stock", 9.0, 90.0)]) == []
    assert page.missed([duel(ratio=1.41)]) == ["GET one loan: 1.41 x bare"]
    assert page.missed([duel(p99=4.2)]) == ["GET one loan: p99 2.1 x bare"]


def test_the_page_shows_ratios_beside_their_targets(tmp_path: Path) -> None:
    file = tmp_path / "cost.md"

    page.write([duel()], COUNTS, "1 round of 4 s.", file)

    text = file.read_text()
    assert "| the service as it is | GET one loan | 1.30 (1.30 to 1.30) | 1.40 | 1.00 |" in text
    assert f"GET one loan  ours     {'█' * 12}{'▓' * 4} 1.30\n" in text
    assert "| the service as it is | GET one loan | 1.50 | 1.00 | 3.0 | 2.0 | 1.5 |" in text
    assert "| the service as it is | GET one loan | 2 | 2.00 |" in text


def test_a_load_with_errors_is_no_measurement() -> None:
    assert wrk.parsed("Running\ncost: 120 0 1500 9000\n") == Load(120, 1.5, 9.0)
    for output in ("cost: 120 1 1500 9000\n", "cost: 0 0 0 0\n", "connection refused\n"):
        with pytest.raises(RuntimeError, match=r"^wrk: "):
            wrk.parsed(output)


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(RuntimeError, match="apt-get install -y wrk"):
        wrk.require_wrk()


def test_only_the_total_of_cachegrind_is_read() -> None:
    assert summary("events: Ir\nfn=main\n1 23\nsummary: 4567\n") == 4567
    with pytest.raises(RuntimeError, match="no summary"):
        summary("events: Ir\n")


def test_cpu_time_is_that_of_a_process_and_its_children() -> None:
    program = "import os\nos.fork()\nimport time\nwhile time.process_time() < 0.15: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as both:
        assert both.stdout is not None
        both.stdout.readline()
        both.stdout.readline()

        taken = Served("burn", 0, both.pid).cpu_seconds()

    assert 0.25 < taken < 1.0
    assert both.pid != os.getpid()


def test_the_sink_takes_whatever_is_sent() -> None:
    with collecting() as endpoint:
        answer = requests.post(f"{endpoint}/v1/traces", b"spans", timeout=5)

    assert answer.status_code == 200


def test_the_bare_service_has_no_telemetry(
    monkeypatch: pytest.MonkeyPatch, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    app = bare.create()

    answer = app.test_client().get("/plain")

    assert (answer.status_code, answer.text) == (200, "plain")
    assert "traceresponse" not in answer.headers
    assert "metrics" not in app.view_functions
    assert all(hook.__module__.startswith("app.api.") for hook in app.before_request_funcs[None])
    assert capsys.readouterr().out == ""
