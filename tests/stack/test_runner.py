# SPDX-License-Identifier: Apache-2.0
"""The stack as a library: order of need, readiness, deaths, configs, and nothing left behind."""

import signal
import socket
import threading
from pathlib import Path

import pytest

from stack.ports import HOST, FreePorts, is_free
from stack.runner import Stack, StackError
from stack.services import Service
from tests.stack import fakes
from tests.stack.fakes import alive, eventually, noted_pids, service


def make(run_dir: Path, *services: Service) -> Stack:
    return Stack(run_dir, FreePorts(), services=services)


def test_services_start_in_order_of_need(tmp_path: Path) -> None:
    table = [
        service("edge", needs=("app",)),
        service("app", needs=("once",)),
        service("once", fakes.ENDS_WELL, once=True),
    ]

    with make(tmp_path, *table) as stack:
        assert list(stack.running) == ["once", "app", "edge"]
        assert stack.complete


def test_leaving_the_context_leaves_no_process_and_no_port(tmp_path: Path) -> None:
    with make(
        tmp_path, service("plain"), service("forking", fakes.FORKS), service("stubborn", fakes.STUBBORN)
    ) as stack:
        pids, ports = noted_pids(tmp_path), [stack.site.port(name) for name in stack.services]
        assert len(pids) == 4
        assert all(map(alive, pids))

    assert not any(map(alive, pids))
    assert all(map(is_free, ports))


def test_a_server_that_dies_at_start_is_named_with_the_reason_and_the_rest_stops(tmp_path: Path) -> None:
    stack = make(tmp_path, service("good"), service("bad", fakes.REFUSES, needs=("good",)))

    with pytest.raises(StackError) as caught:
        stack.up()

    assert str(caught.value) == "bad ended with exit code 2 while starting: error: broken.yaml line 3: unknown key"
    assert caught.value.output.splitlines() == ["loading", "error: broken.yaml line 3: unknown key", "bye"]
    assert not any(map(alive, noted_pids(tmp_path)))


def test_a_server_that_dies_later_is_noticed(tmp_path: Path) -> None:
    with make(tmp_path, service("brief", fakes.DIES_LATER)) as stack:
        assert eventually(lambda: not alive(stack.pid("brief")))

        with pytest.raises(StackError, match=r"^brief ended with exit code 7: it wrote nothing$"):
            stack.check()


def test_a_server_that_is_killed_is_noticed_by_the_signals_name(tmp_path: Path) -> None:
    with make(tmp_path, service("victim")) as stack:
        stack.running["victim"].child.signal(signal.SIGKILL)

        assert eventually(lambda: not alive(stack.pid("victim")))

        with pytest.raises(StackError) as caught:
            stack.check()

    assert str(caught.value) == "victim was killed by SIGKILL (by hand, or by the system for its memory)"


def test_a_port_in_use_stops_everything_before_it_starts(tmp_path: Path) -> None:
    stack = make(tmp_path, service("good"), service("other"))
    number = stack.site.port("other")

    with socket.create_server((HOST, number)), pytest.raises(StackError) as caught:
        stack.up()

    assert str(caught.value) == f"port {number} (other) is in use: set OTHER_PORT to another"
    assert noted_pids(tmp_path) == set()


def test_a_server_that_never_gets_ready_is_named(tmp_path: Path) -> None:
    stack = make(tmp_path, service("slow", fakes.NEVER_READY))

    with pytest.raises(StackError, match=r"^not ready in time: slow$"):
        stack.up(timeout=1)

    assert not any(map(alive, noted_pids(tmp_path)))


def test_a_stopped_or_killed_service_is_not_missed_and_can_start_again(tmp_path: Path) -> None:
    with make(tmp_path, service("app"), service("forking", fakes.FORKS)) as stack:
        for end in (stack.stop, stack.kill):
            before = stack.pid("forking")
            end("forking")
            stack.check()
            assert not alive(before)
            assert is_free(stack.site.port("forking"))

            stack.start("forking")
            stack.wait_ready("forking")

        assert alive(stack.pid("app"))


def test_a_harmless_signal_keeps_the_service(tmp_path: Path) -> None:
    with make(tmp_path, service("app")) as stack:
        stack.kill("app", signal.SIGCONT)

        stack.check()
        assert stack.is_ready("app")


def test_a_start_that_fails_later_leaves_the_others_alone(tmp_path: Path) -> None:
    with make(tmp_path, service("app"), service("other")) as stack:
        stack.stop("other")
        with socket.create_server((HOST, stack.site.port("other"))), pytest.raises(StackError, match="is in use"):
            stack.start("other")

        assert stack.is_ready("app")


def test_services_start_from_the_main_thread_only(tmp_path: Path) -> None:
    errors: list[Exception] = []
    stack = make(tmp_path, service("app"))

    def start() -> None:
        try:
            stack.start("app")
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert "main thread" in str(errors[0])


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"^no such service: lokki$"):
        Stack(tmp_path, only={"loki", "lokki"})


def test_config_files_are_copied_with_this_machines_addresses(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    stack.site.prepare()

    stack.site.write_config("loki", ("loki/loki.yaml",))
    stack.site.write_config("otelcol", ("otel/collector.yaml",), lambda text: text.replace("file_log", "changed"))

    collector = (stack.config_dir("otelcol") / "collector.yaml").read_text()
    assert (stack.config_dir("loki") / "loki.yaml").exists()
    assert f"endpoint: 127.0.0.1:{stack.site.port('otelcol', 'otlp')}" in collector
    assert f"http://{stack.site.address('loki')}/otlp" in collector
    assert "0.0.0.0:4318" not in collector
    assert "changed" in collector
    stack.down()


def test_a_long_run_folder_gets_a_short_one_for_sockets(tmp_path: Path) -> None:
    long = Stack(tmp_path / ("x" * 100))
    short = Stack(Path("/tmp/x"))  # noqa: S108  # nothing is written there

    assert len(str(long.site.telemetry_dir)) < 60
    assert short.site.telemetry_dir == Path("/tmp/x/telemetry")  # noqa: S108
