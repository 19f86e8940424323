# SPDX-License-Identifier: Apache-2.0
"""The builder: a program appears in the cache whole or not at all, once, under a key of all it depends on."""

import dataclasses
import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from stack import catalogue
from stack.catalogue import Recipe
from stack.compile import BuildError, Compilation, cached_path, key
from stack.golang import Go
from tests.stack.fakes import alive, eventually

COUNTS_AND_WRITES = """
    with open(os.environ["BUILDS"], "a") as builds: builds.write(f"{os.getpid()}\\n")
    pathlib.Path(output).write_text("half")
    time.sleep(float(os.environ.get("BUILD_SECONDS", "0")))
    pathlib.Path(output).write_text("whole")
"""
FAILS = """
    print("# some/package"); print("server.go:7: undefined: everything"); sys.exit(1)
"""


def finish(*compilations: Compilation) -> None:
    ended: set[int] = set()

    def everyone_gets_a_turn() -> bool:
        ended.update(place for place, one in enumerate(compilations) if one.tick())
        return len(ended) == len(compilations)

    assert eventually(everyone_gets_a_turn)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if file.suffix != ".lock")


def test_a_program_is_built_once_and_then_found(recipe: Recipe, fake_go: Callable[[str], Go], tmp_path: Path) -> None:
    go = fake_go(COUNTS_AND_WRITES)

    finish(Compilation(recipe, go))
    finish(Compilation(recipe, go))

    assert cached_path(recipe, go).read_text() == "whole"
    assert len((tmp_path / "builds").read_text().splitlines()) == 1
    assert names(cached_path(recipe, go).parent) == [cached_path(recipe, go).name]


def test_two_builders_at_once_share_one_compilation(
    recipe: Recipe, fake_go: Callable[[str], Go], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILD_SECONDS", "0.5")
    go = fake_go(COUNTS_AND_WRITES)
    first, second = Compilation(recipe, go), Compilation(recipe, go)
    first.tick()
    second.tick()

    assert second.waiting
    assert not first.waiting
    finish(first, second)
    assert len((tmp_path / "builds").read_text().splitlines()) == 1


def test_an_interrupted_build_leaves_nothing_behind(
    recipe: Recipe, fake_go: Callable[[str], Go], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILD_SECONDS", "60")
    go = fake_go(COUNTS_AND_WRITES)
    compilation = Compilation(recipe, go)
    builds = tmp_path / "builds"
    assert eventually(lambda: not compilation.tick() and builds.exists() and bool(builds.read_text()))

    compilation.cancel()

    assert names(cached_path(recipe, go).parent) == []
    assert not alive(int(builds.read_text()))


def test_after_a_builder_was_killed_the_next_one_starts_anew(
    recipe: Recipe, fake_go: Callable[[str], Go], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILD_SECONDS", "60")
    go = fake_go(COUNTS_AND_WRITES)
    arguments = [repr(dataclasses.astuple(recipe)), go.path, str(catalogue.SERVERS)]
    script = """
        import sys, time
        from pathlib import Path
        from stack import catalogue, compile
        catalogue.SERVERS = Path(sys.argv[3])
        one = compile.Compilation(catalogue.Recipe(*eval(sys.argv[1])), compile.Go(sys.argv[2], "go9.9"))
        while not one.tick(): time.sleep(0.01)
    """.replace("compile.Go", "__import__('stack.golang').golang.Go")
    builder = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script), *arguments], cwd=Path.cwd())
    builds = tmp_path / "builds"
    assert eventually(lambda: builds.exists() and bool(builds.read_text()))

    builder.kill()
    builder.wait()

    assert not cached_path(recipe, go).exists()
    assert eventually(lambda: not alive(int(builds.read_text())))
    monkeypatch.setenv("BUILD_SECONDS", "0")
    finish(Compilation(recipe, go))
    assert cached_path(recipe, go).read_text() == "whole"


def test_a_failed_build_reports_which_and_why_and_leaves_nothing(recipe: Recipe, fake_go: Callable[[str], Go]) -> None:
    go = fake_go(FAILS)
    compilation = Compilation(recipe, go)

    with pytest.raises(BuildError) as caught:
        eventually(compilation.tick)

    assert str(caught.value) == "demo 1.0.0 could not be built: server.go:7: undefined: everything"
    assert "# some/package" in caught.value.output
    assert names(cached_path(recipe, go).parent) == []


@pytest.mark.parametrize("file", ["go.mod", "go.sum"])
def test_the_key_changes_with_the_pinned_modules(recipe: Recipe, file: str) -> None:
    go = Go("go", "go1.26.8")
    before = key(recipe, go)
    assert key(recipe, go) == before

    with (recipe.home / file).open("a") as pins:
        pins.write("\n")

    assert key(recipe, go) != before


COPY_IS_BUILT = """
    source = pathlib.Path("source")
    text = pathlib.Path("go.mod").read_text() + (source / "server.go").read_text() + (source / "ui/app.js").read_text()
    pathlib.Path(output).write_text(text)
"""


@pytest.fixture
def pages(recipe: Recipe) -> Path:
    """Give the program pages that its module lacks."""
    file = recipe.pages / "ui" / "app.js"
    file.parent.mkdir(parents=True)
    file.write_text("page")
    return file


def test_pages_that_a_module_lacks_are_compiled_into_a_copy_of_it(
    recipe: Recipe, pages: Path, fake_go: Callable[..., Go], tmp_path: Path
) -> None:
    module = tmp_path / "module"
    module.mkdir()
    (module / "server.go").write_text("server ")
    module.chmod(0o555)  # as Go's module cache
    go = fake_go(COPY_IS_BUILT, json.dumps({"Dir": str(module)}))

    finish(Compilation(recipe, go))

    built = cached_path(recipe, go).read_text()
    assert built == "module demo\n\nreplace example.org/demo => ./source\nserver page"
    assert [file.name for file in module.iterdir()] == ["server.go"]
    assert pages.read_text() == "page"


def test_the_key_changes_with_the_pages(recipe: Recipe, pages: Path) -> None:
    go = Go("go", "go1.26.8")
    before = key(recipe, go)

    pages.write_text("another page")
    changed = key(recipe, go)
    pages.rename(pages.with_name("app.css"))

    assert len({before, changed, key(recipe, go)}) == 3


def test_the_key_changes_with_what_is_compiled_and_how(recipe: Recipe) -> None:
    go = Go("go", "go1.26.8")
    other_package = dataclasses.replace(recipe, package="example.org/other")
    other_tags = dataclasses.replace(recipe, tags="netgo,lean")

    keys = {key(recipe, go), key(other_package, go), key(other_tags, go), key(recipe, Go("go", "go1.26.9"))}

    assert len(keys) == 4
