# SPDX-License-Identifier: Apache-2.0
"""The settings and hooks of gunicorn.conf.py, called as Gunicorn calls them."""

import gc
import importlib.util
import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.util import load_class  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from app import telemetry
from app.telemetry.gunicorn_log import GunicornLog
from tests.telemetry.conftest import Lines

CONF = Path(__file__).parents[2] / "gunicorn.conf.py"
Load = Callable[..., ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_process: None) -> Load:  # noqa: ARG001
    """Execute the file in an environment, as the arbiter does."""

    def execute(**environ: str) -> ModuleType:
        for name, value in ({"TELEMETRY_DIR": str(tmp_path / "t"), "WORKER_SLOT": ""} | environ).items():
            monkeypatch.setenv(name, value)
        spec = importlib.util.spec_from_file_location("gunicorn_conf", CONF)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return execute


@pytest.fixture
def gunicorn_log(clean_process: None, settings: object) -> Iterator[GunicornLog]:  # noqa: ARG001
    telemetry.configure_logging(settings, "arbiter")  # type: ignore[arg-type]
    config = Config()
    config.set("errorlog", None)
    yield GunicornLog(config)
    logging.getLogger("gunicorn.error").filters.clear()


def worker(slot: int) -> SimpleNamespace:
    return SimpleNamespace(slot=slot)


def arbiter(*slots: int) -> SimpleNamespace:
    workers = {1000 + slot: worker(slot) for slot in slots}
    return SimpleNamespace(WORKERS=workers, cfg=SimpleNamespace(preload_app=False))


def test_processes_and_threads_come_from_the_settings(load: Load) -> None:
    conf = load(API_HOST="127.0.0.1", API_PORT="8123", API_WORKERS="3", API_THREADS="5")

    assert (conf.bind, conf.workers, conf.threads) == ("127.0.0.1:8123", 3, 5)
    assert (conf.preload_app, conf.control_socket_disable) == (False, True)
    assert issubclass(load_class(conf.worker_class), ThreadWorker)
    assert conf.accesslog is None


def test_a_stop_leaves_time_for_connections_and_for_the_flush(load: Load) -> None:
    conf = load()

    linger = 2  # Gunicorn keeps idle connections for 2 s
    assert linger + conf.settings.shutdown_flush_seconds < conf.graceful_timeout <= 5
    assert conf.timeout == 30


def test_a_wrong_setting_is_one_line_and_an_exit(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        load(API_PORT="eight")

    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("API_PORT: ")


def test_a_log_directory_that_cannot_be_made_is_one_line_and_an_exit(
    load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        load(LOG_DIR="/dev/null/logs")

    assert stopped.value.code == 2
    assert capsys.readouterr().err == "LOG_DIR: a directory to write in is expected (Not a directory)\n"


def test_a_telemetry_directory_that_cannot_be_claimed_is_one_line_and_an_exit(
    load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    conf = load(TELEMETRY_DIR="/dev/null/t")

    with pytest.raises(SystemExit) as stopped:
        conf.on_starting(arbiter())

    assert stopped.value.code == 2
    assert capsys.readouterr().err == "TELEMETRY_DIR: a directory to write in is expected (Not a directory)\n"


def test_preloading_is_refused_in_one_line_before_the_first_fork(
    load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    server = arbiter()
    server.cfg.preload_app = True

    with pytest.raises(SystemExit) as stopped:
        load().on_starting(server)

    assert stopped.value.code == 2
    assert capsys.readouterr().err == ("preload_app: False is expected; all workers would export as one instance\n")


def test_the_start_empties_the_directory_and_a_reload_does_not(load: Load, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "w0.json").touch()
    server = arbiter()

    load().on_starting(server)
    (tmp_path / "t" / "w1.json").touch()
    load()  # as a reload does
    left = sorted(path.name for path in (tmp_path / "t").iterdir())
    server.claims[0].close()
    gc.unfreeze()

    assert left == ["lock", "w1.json"]


def test_a_new_worker_learns_its_slot_before_the_app_reads_its_settings(load: Load, tmp_path: Path) -> None:
    conf = load(LOG_DIR=str(tmp_path / "logs"))
    new = SimpleNamespace()

    conf.pre_fork(arbiter(0, 1, 3), new)
    conf.post_fork(arbiter(), new)
    logging.getLogger("app").info("hello")

    [line] = next((tmp_path / "logs").glob("api-*-w2.jsonl")).read_text().splitlines()
    assert os.environ["WORKER_SLOT"] == "2"
    assert json.loads(line)["service.instance.id"].endswith("-w2")


def test_the_other_hooks_join_leave_and_clear_up(load: Load, tmp_path: Path) -> None:
    conf = load()
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "w2.sock").touch()

    conf.post_worker_init(worker(2))
    conf.worker_exit(arbiter(), worker(2))
    conf.child_exit(arbiter(), worker(2))

    assert list((tmp_path / "t").iterdir()) == []


def test_gunicorns_words_are_json_lines(gunicorn_log: GunicornLog, lines: Lines) -> None:
    gunicorn_log.info("Booting worker with pid: %s", 7)

    [line] = lines()
    assert line["logger"] == "gunicorn.error"
    assert line["message"] == "Booting worker with pid: 7"


def test_a_client_that_stalls_is_no_error_of_the_service(gunicorn_log: GunicornLog, lines: Lines) -> None:
    for error in (BlockingIOError(11, "canary"), OSError(5, "canary")):
        gunicorn_log.error("Socket error processing request.", exc_info=error)

    stalled, failed = lines()
    assert (stalled["event"], stalled["level"]) == ("request_refused", "WARNING")
    assert "exception.type" not in stalled
    assert (failed["level"], failed["exception.type"]) == ("ERROR", "OSError")


@pytest.mark.parametrize(
    ("words", "event"),
    [
        ("Invalid request from ip=10.1.2.3: Invalid Request Line 'canary'", "request_refused"),
        ("Error handling request /canary?ssn=4111", "request_failed"),
    ],
)
def test_gunicorns_complaints_about_a_request_lose_the_clients_words(
    gunicorn_log: GunicornLog, lines: Lines, words: str, event: str
) -> None:
    gunicorn_log.warning(words)

    [line] = lines()
    assert line["event"] == event
    assert "message" not in line
    assert not {"canary", "10.1.2.3", "4111"} & set(str(line).split())
