# SPDX-License-Identifier: Apache-2.0
"""The tests of the alerts notice when a threshold, a comparison or a `for` is wrong; by promtool, without a server."""

import re
import shutil
from pathlib import Path

from stack.alert_mutants import survivors
from stack.check_configs import ROOT, find_program


def test_no_mutant_of_an_alert_survives() -> None:
    alive, tried = survivors(ROOT, find_program("promtool"))

    assert alive == []
    assert tried > 100  # three for each threshold


def test_tests_that_ask_too_little_are_seen(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "prometheus", tmp_path / "prometheus")
    for file in (tmp_path / "prometheus").glob("*/*.alerts.yaml"):
        if file.name != "nginx.alerts.yaml":
            file.unlink()
    tests = tmp_path / "prometheus/tests/nginx.alerts.yaml"
    asked = tests.read_text()

    tests.write_text(re.sub(r"eval_time: \w+(?=, .*exp_alerts: \[\])", "eval_time: 0s", asked))

    assert tests.read_text() != asked
    assert "NginxDown: no for" in survivors(tmp_path, find_program("promtool"))[0]
