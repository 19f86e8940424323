# SPDX-License-Identifier: Apache-2.0
"""What the measurement of telemetry's cost counts, loads and refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from bench import cost_command
from bench.__main__ import main
from bench.cost import control, gate, programs, wrk
from bench.cost.instructions import Counts, mean, summary
from bench.cost.routes import Route
from bench.cost.served import Served, served
from bench.cost.sink import collecting
from bench.cost.targets import LIGHT
from bench.cost.variants import MODES, VARIANTS, Variant, bare
from bench.cost.wrk import Load
from stack import packages

DATABASE = "postgresql+psycopg2://loan:loan@127.0.0.1:9/none"
COUNTS = {"bare": {"GET one loan": 1000}, "standard": {"GET one loan": 2000}, "light": {"GET one loan": 1100}}

# A process and its child, which print their CPU time before and after they are measured: a pause may count as such.
BURN = """
import os, sys, time
def tell(): os.write(1, b"%f\\n" % time.process_time())  # at once: the other writes too
os.fork()
while time.process_time() < 0.15: pass
tell(); sys.stdin.read(); tell()
"""
ROUNDED_SECONDS = 0.06  # the system reports user and system time of each in whole ticks of 0.01 s


def test_more_than_the_tolerance_is_a_regression_in_either_mode() -> None:
    assert gate.ratios(COUNTS, "standard") == {"GET one loan": 2.0}
    for mode, passes, fails in (("standard", 2050, 2070), ("light", 1130, 1140)):
        assert gate.regressions(COUNTS, {**COUNTS, mode: {"GET one loan": passes}}) == []
        grown = gate.regressions(COUNTS, {**COUNTS, mode: {"GET one loan": fails}})
        assert [(each.mode, each.route) for each in grown] == [(mode, "GET one loan")]
        assert str(grown[0]).endswith(f"{fails / 1000:.3f} x bare, committed {COUNTS[mode]['GET one loan'] / 1000:.3f}")


def test_what_costs_less_than_committed_is_reported() -> None:
    cheaper = {**COUNTS, "light": {"GET one loan": 1050}}

    assert gate.improvements(COUNTS, COUNTS) == []
    assert [each.mode for each in gate.improvements(COUNTS, cheaper)] == ["light"]
    assert gate.regressions(COUNTS, cheaper) == []


def test_a_variant_that_is_no_mode_of_ours_may_grow() -> None:
    before = {**COUNTS, "stock": {"GET one loan": 3000}}

    assert gate.regressions(before, {**before, "stock": {"GET one loan": 9000}}) == []


def test_figures_are_kept_for_one_python(tmp_path: Path) -> None:
    file = tmp_path / "instructions.json"

    gate.keep(COUNTS, file)

    assert gate.kept(file) == COUNTS
    file.write_text(file.read_text().replace(f"3.{sys.version_info.minor}", "2.7"))
    with pytest.raises(RuntimeError, match=r"Python 2\.7's"):
        gate.kept(file)


def test_on_another_python_the_figures_are_reported_and_compared_with_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def of_another() -> Counts:
        raise gate.OtherPythonError("the committed figures are Python 2.7's, and this is 3.11")

    monkeypatch.setattr(gate, "kept", of_another)
    monkeypatch.setattr(cost_command, "count", lambda _variants, _echo: {**COUNTS, "light": COUNTS["standard"]})
    monkeypatch.setattr(cost_command, "require", lambda _name, _echo: None)

    code = main(["cost", "--check"])

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        "standard, GET one loan: 2.000 x bare",
        "light, GET one loan: 2.000 x bare",
        "the committed figures are Python 2.7's, and this is 3.11: printed, and compared with nothing",
    ]


def test_the_committed_figures_are_of_both_modes_on_every_route() -> None:
    counts = json.loads(gate.KEPT.read_text())["instructions"]

    assert set(counts) <= set(VARIANTS)
    assert set(counts) >= {"bare", *MODES}
    assert all(list(each) == list(LIGHT) for each in counts.values())


def test_a_load_with_errors_is_no_measurement() -> None:
    assert wrk.parsed("Running\ncost: 120 0 1500 9000\n") == Load(120, 1.5, 9.0)
    for output in ("cost: 120 1 1500 9000\n", "cost: 0 0 0 0\n", "connection refused\n"):
        with pytest.raises(RuntimeError, match=r"^wrk: "):
            wrk.parsed(output)


@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(packages, "ADMIN_FOLDERS", "")

    with pytest.raises(RuntimeError, match=f"apt-get install {name}"):
        programs.require(name, print)


def test_counts_of_several_layouts_become_their_mean() -> None:
    assert mean([{"bare": {"GET": 100}}, {"bare": {"GET": 103}}]) == {"bare": {"GET": 101}}


def test_only_the_total_of_cachegrind_is_read() -> None:
    assert summary("events: Ir\nfn=main\n1 23\nsummary: 4567\n") == 4567
    with pytest.raises(RuntimeError, match="no summary"):
        summary("events: Ir\n")


def test_cpu_time_is_that_of_a_process_and_its_children() -> None:
    command = [sys.executable, "-c", BURN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as both:
        assert both.stdin
        assert both.stdout
        before = float(both.stdout.readline()) + float(both.stdout.readline())
        taken = Served("burn", 0, both.pid).cpu_seconds()
        both.stdin.close()
        after = sum(map(float, both.stdout))

    assert before - ROUNDED_SECONDS < taken < after + ROUNDED_SECONDS
    assert both.pid != os.getpid()


def test_the_sink_takes_whatever_is_sent_and_records_by_whom() -> None:
    with collecting() as sink:
        for signal in ("traces", "metrics"):
            assert requests.post(f"{sink.endpoint('light')}/v1/{signal}", b"some", timeout=5).status_code == 200

    for silent in ("bare", "classic", "light"):
        sink.require(silent)
    with pytest.raises(RuntimeError, match="standard has sent no traces"):
        sink.require("standard")


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


def test_each_mode_is_counted_once_more_with_more_instructions() -> None:
    plain = Route("no database", "GET", "/plain", {})
    kept = {"standard": {"no database": 1_900_000}}

    with_control = control.routes("standard", [plain], kept)

    assert control.routes("bare", [plain], kept) == [plain]
    assert [(route.name, route.loops) for route in with_control] == [("no database", 0), (control.NAME, 800)]


def test_a_gate_that_does_not_see_them_is_no_gate() -> None:
    bare, mode = {"no database": 100}, {"no database": 200, control.NAME: 210}
    counts = {"bare": bare, "standard": mode, "light": mode}

    control.require_seen(counts)

    for blind in MODES:
        with pytest.raises(RuntimeError, match=f"not seen in {blind}"):
            control.require_seen({**counts, blind: {"no database": 200, control.NAME: 204}})
    assert control.without(counts) == {"bare": bare, "standard": {"no database": 200}, "light": {"no database": 200}}


def test_a_variant_that_cannot_start_is_reported_at_once_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VARIANTS, "missing", Variant("a variant without a module"))

    with pytest.raises(RuntimeError) as raised, served("missing", DATABASE, "http://127.0.0.1:9"):
        pass

    assert str(raised.value).startswith("bench.cost.variants.missing:create() ended while starting:\n")
    assert "No module named 'bench.cost.variants.missing'" in str(raised.value)
