# SPDX-License-Identifier: Apache-2.0
"""Instances of the service never share an id or a log file, and each keeps both when it starts again."""

import fcntl
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.settings import Settings
from app.telemetry import resource
from app.telemetry.log_directory import OLD_SECONDS, LogDirError, claim_logs, remove_old_logs
from app.telemetry.resource import instance_id, instance_name, machine_id, process_name
from tests.telemetry.server import ROOT, Server, serving

# Takes the lock of an instance's files, prints a line, and keeps it until its input ends.
HOLDS = (
    "import sys; from pathlib import Path; from app.telemetry.log_directory import claim_logs;"
    "lock = claim_logs(Path(sys.argv[1]), sys.argv[2]); print('held', flush=True); sys.stdin.read()"
)


def settings_in(folder: Path, **environ: str) -> Settings:
    return Settings.from_env({"TELEMETRY_DIR": str(folder), "HOSTNAME": "web1"} | environ)


def test_an_instance_is_named_by_host_machine_and_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = instance_name(settings_in(tmp_path / "a"))
    again = instance_name(settings_in(tmp_path / "b" / ".." / "a"))
    other_folder = instance_name(settings_in(tmp_path / "b"))
    monkeypatch.setattr(resource, "machine_id", lambda: b"a clone")
    other_machine = instance_name(settings_in(tmp_path / "a"))

    assert here == again
    assert len({here, other_folder, other_machine}) == 3
    assert here.startswith("web1-")


def test_the_machines_own_id_is_not_in_the_name(tmp_path: Path) -> None:
    machine = machine_id().decode()

    assert machine
    assert machine[:8] not in instance_name(settings_in(tmp_path))


def test_a_machine_is_known_by_the_first_id_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").touch()  # as in an image of a container
    (tmp_path / "boot").write_text("b00t\n")

    for names, expected in [(["none", "empty", "boot"], b"b00t"), (["none", "empty"], b"")]:
        monkeypatch.setattr(resource, "MACHINE_IDS", [tmp_path / name for name in names])
        assert machine_id() == expected


def test_a_container_is_named_by_its_own_name(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, HOSTNAME="5f3a9c1e77b2")

    assert instance_name(settings).startswith("5f3a9c1e77b2-")
    assert Settings.from_env({}).host_name == socket.gethostname()


def test_a_host_name_that_is_no_file_name_is_made_one(tmp_path: Path) -> None:
    assert instance_name(settings_in(tmp_path, HOSTNAME="../we b")).startswith("..-we-b-")


def test_what_the_user_calls_an_instance_it_is_called(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, OTEL_RESOURCE_ATTRIBUTES="host.id=7, service.instance.id=shop%2Dapi.1 ,x=y")

    assert instance_id(replace(settings, worker_slot=2), "w2") == "shop-api.1-w2"
    assert settings_in(tmp_path, OTEL_RESOURCE_ATTRIBUTES="host.id=7").instance is None


def test_only_a_worker_of_gunicorn_has_a_slot(tmp_path: Path) -> None:
    assert process_name(settings_in(tmp_path)) == "main"
    assert process_name(settings_in(tmp_path, WORKER_SLOT="0")) == "w0"


def test_a_second_server_with_the_id_of_a_running_one_is_refused(tmp_path: Path) -> None:
    with holder(tmp_path, "a") as held:
        assert held.stdout
        assert held.stdout.readline() == "held\n"
        with pytest.raises(LogDirError, match=r"LOG_DIR: another server logs as a; .* OTEL_RESOURCE_ATTRIBUTES"):
            claim_logs(tmp_path, "a")
        claim_logs(tmp_path, "b").close()
        held.communicate("")
    claim_logs(tmp_path, "a").close()


def holder(folder: Path, instance: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLDS, str(folder), instance]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_log_directory_that_cannot_be_written_is_one_line() -> None:
    with pytest.raises(LogDirError, match=r"^LOG_DIR: a directory to write in is expected \(Not a directory\)$"):
        claim_logs(Path("/dev/null"), "a")


def test_files_of_instances_that_ended_long_ago_are_removed(tmp_path: Path) -> None:
    old = ["api-gone-w0.jsonl", "api-gone-w0.1.jsonl", "api-gone-arbiter.jsonl", "api-gone.lock"]
    kept = ["api-own.lock", "api-own-w0.jsonl", "api-gone-too-w0.jsonl", "api-ended.lock", "nginx-access.jsonl"]
    for name in [*old, *kept]:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1, 1))
    (tmp_path / "api-ended-w0.jsonl").touch()  # it has just been written
    lock = claim_logs(tmp_path, "own")

    remove_old_logs(tmp_path, "own")

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, "api-ended-w0.jsonl"])
    assert OLD_SECONDS == 7 * 86_400
    lock.close()


def test_files_of_a_running_instance_stay_however_old_they_are(tmp_path: Path) -> None:
    with holder(tmp_path, "quiet") as held:
        assert held.stdout
        assert held.stdout.readline() == "held\n"
        (tmp_path / "api-quiet-arbiter.jsonl").touch()
        os.utime(tmp_path / "api-quiet-arbiter.jsonl", (1, 1))
        remove_old_logs(tmp_path, "own")
        held.communicate("")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["api-quiet-arbiter.jsonl", "api-quiet.lock"]


def ids(server: Server) -> set[str]:
    return {line["service.instance.id"] for line in server.lines()}


def test_two_servers_on_one_machine_share_no_id_and_no_file(tmp_path: Path) -> None:
    logs = str(tmp_path / "logs")  # as replicas share a volume
    with (
        serving(tmp_path / "1", API_WORKERS="2", LOG_DIR=logs) as one,
        serving(tmp_path / "2", API_WORKERS="2", LOG_DIR=logs) as two,
    ):
        one.send(20)
        two.send(20)
        one.logs = two.logs = tmp_path / "logs"
    names = [path.name for path in one.logs.glob("*.jsonl")]

    assert len(ids(one)) == len(names) == 2 * len({"w0", "w1", "arbiter"})
    assert [line["event"] for line in one.lines()].count("http_request") == 40


def test_a_server_that_starts_again_or_reloads_keeps_its_ids(tmp_path: Path) -> None:
    with serving(tmp_path, API_WORKERS="1") as server:
        server.send(1)
        before = ids(server)
    with serving(tmp_path, API_WORKERS="1") as server:
        server.reload()
        server.send(1)

    assert {each.rpartition("-")[2] for each in before} == {"arbiter", "w0"}
    assert {each.rpartition("-")[0] for each in ids(server)} == {each.rpartition("-")[0] for each in before}


def test_the_arbiter_holds_the_lock_and_its_workers_do_not_free_it(tmp_path: Path) -> None:
    environ = {"API_WORKERS": "1", "OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=shared"}
    logs = str(tmp_path / "logs")
    with serving(tmp_path / "1", LOG_DIR=logs, **environ) as running:
        running.reload()
        second = Server(tmp_path / "2", LOG_DIR=logs, **environ)
        assert second.child.wait(10)
    assert second.child.poll() == 2
    assert second.output()[-1].startswith("LOG_DIR: another server logs as shared;")
    with (tmp_path / "logs" / "api-shared.lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # free again


@pytest.mark.parametrize(
    ("environ", "added"),
    [
        ({}, {}),
        ({"OTEL_SERVICE_NAME": "my-loans"}, {"service.name": "my-loans"}),
        ({"OTEL_RESOURCE_ATTRIBUTES": "team=a%2Cb,service.instance.id=i"}, {"team": "a,b"}),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=my-loans"}, {"service.name": "my-loans"}),
        ({"OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "otel"}, {}),
    ],
)
def test_a_line_has_what_the_environment_adds_to_the_resource(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], added: dict[str, str]
) -> None:
    for name in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert resource.resource_from_environment(settings_in(tmp_path, **environ)) == added
