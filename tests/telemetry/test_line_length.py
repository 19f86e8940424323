# SPDX-License-Identifier: Apache-2.0
"""A line that is too long for the collector is shortened where it is written, and stays JSON."""

import json
import logging
from pathlib import Path

import pytest
import yaml

from app import telemetry
from app.settings import Settings
from app.telemetry.line_length import CUT, LEFT_OUT, MOST_FIELD_BYTES, MOST_LINE_BYTES, shortened
from tests.telemetry.conftest import Lines

COLLECTOR = Path(__file__).parents[2] / "otel" / "collector.yaml"
WIDEST = "\N{GRINNING FACE}"  # 12 bytes as JSON, in ASCII


@pytest.fixture
def log(settings: Settings, clean_process: None) -> logging.Logger:  # noqa: ARG001
    """Log as a worker does."""
    telemetry.configure_logging(settings, "w3")
    return logging.getLogger("app.some.module")


@pytest.mark.parametrize("character", ["x", "\N{EURO SIGN}", WIDEST, '"', "\n"])
def test_a_long_field_keeps_both_its_ends(log: logging.Logger, lines: Lines, character: str) -> None:
    log.info("long_story", extra={"story": "once" + character * MOST_LINE_BYTES + "ever after", "pages": 7})

    [line] = lines()
    assert line["story"].startswith("once" + character)
    assert line["story"].endswith(character + "ever after")
    assert CUT in line["story"]
    assert MOST_FIELD_BYTES / 2 < len(json.dumps(line["story"])) <= MOST_FIELD_BYTES
    assert (line["event"], line["pages"]) == ("long_story", 7)


def test_a_long_list_is_cut_as_text(log: logging.Logger, lines: Lines) -> None:
    log.info("long_list", extra={"numbers": list(range(10_000))})

    [line] = lines()
    assert line["numbers"].startswith("[0, 1, 2")
    assert line["numbers"].endswith("9998, 9999]")


def test_of_too_many_fields_the_first_ones_are_kept(log: logging.Logger, lines: Lines) -> None:
    log.info("many_fields", extra={f"field_{number:05}": "x" * 100 for number in range(1000)})

    [line] = lines()
    kept = [name for name in line if name.startswith("field_")]
    assert MOST_LINE_BYTES * 0.9 < len(json.dumps(line)) <= MOST_LINE_BYTES
    assert line["event"] == "many_fields"
    assert kept == [f"field_{number:05}" for number in range(len(kept))]
    assert line[LEFT_OUT] == 1000 - len(kept)


def test_a_field_that_cannot_be_written_is_no_reason_for_a_long_line(log: logging.Logger, lines: Lines) -> None:
    log.info("both", extra={"nothing": float("nan"), "story": "x" * MOST_LINE_BYTES})

    line = lines()[-1]
    assert line["nothing"] == "unwritable float"
    assert len(json.dumps(line)) <= MOST_LINE_BYTES


def test_what_is_not_too_long_stays_as_it_is(log: logging.Logger, lines: Lines) -> None:
    story = "x" * (MOST_LINE_BYTES - 500)
    log.info("story", extra={"story": story})

    assert lines()[0]["story"] == story


def test_short_fields_stay_as_they_are() -> None:
    fields = {"a": 1, "b": "text", "c": None, "d": [1, 2]}

    assert shortened(fields, json.dumps) == fields


def test_a_line_is_shortened_before_the_collector_would_cut_it() -> None:
    receivers = yaml.safe_load(COLLECTOR.read_text(encoding="utf-8"))["receivers"]
    limits = {name: receiver["max_log_size"] for name, receiver in receivers.items() if name.startswith("file_log")}

    assert set(limits.values()) == {f"{2 * MOST_LINE_BYTES // 1024}KiB"}
