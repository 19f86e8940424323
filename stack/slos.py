# SPDX-License-Identifier: Apache-2.0
"""Generate the rules of the objectives with Sloth, once for each profile of alert windows: python -m stack.slos.

Sloth takes minutes to build, so each generated file names the hash of its inputs and of its own body: --check-hashes
finds a file that is older than its inputs or was edited, without Sloth. --check generates the files again and compares.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stack import build
from stack.catalogue import BY_NAME
from stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
SOURCES = "prometheus/slos"
RULES = "prometheus/rules/slo"
SECONDS = 60  # Sloth takes two; one that hangs must not hold the session up
HEADER = """\
# Generated from prometheus/slos/ by `./nox -s slos`: do not edit. Lint compares the hashes, nightly the text.
# inputs: {inputs}
# body: {body}
"""
SEALED = re.compile(r"# [^\n]+\n# inputs: (?P<inputs>\w+)\n# body: (?P<body>\w+)\n(?P<text>.*)", re.DOTALL)


@dataclass(frozen=True)
class Profile:
    """One set of alert windows, and how often its rules are evaluated."""

    name: str
    period: str  # over which the error budget counts
    interval: str
    windows: str | None = None  # a folder below the sources; None: Sloth's own, which are the SRE workbook's

    def options(self, root: Path) -> list[str]:
        """Give Sloth's options."""
        config = {"interval": {"default": self.interval}}
        interval = json.dumps({"id": "sloth.dev/contrib/rule_intervals/v1", "config": config})
        options = [f"--default-slo-period={self.period}", f"--slo-plugins={interval}"]
        return options + ([f"--slo-period-windows-path={root / SOURCES / self.windows}"] if self.windows else [])


PROFILES = (
    # A window of three days reads 50 000 samples of each series: once a minute is enough for an alert that needs 20
    # minutes of 20 % errors.
    Profile("prod", "30d", "1m"),
    # Minutes instead of hours, for trying a fault: an alert within two minutes has to be evaluated every few seconds.
    Profile("gameday", "2h", "5s", "windows/gameday"),
)


def specs(root: Path) -> list[Path]:
    """List the files with objectives."""
    return sorted((root / SOURCES).glob("*.slos.yaml"))


def target(root: Path, profile: Profile, spec: Path) -> Path:
    """Give the place of the rules that are generated from a file for a profile."""
    return root / RULES / profile.name / spec.name


def inputs_hash(root: Path, profile: Profile, spec: Path) -> str:
    """Hash all that decides what Sloth writes: objectives, plugins, windows, options and Sloth's version."""
    folders = ["plugins", *([profile.windows] if profile.windows else [])]
    files = [spec, *(file for name in folders for file in sorted((root / SOURCES / name).rglob("*")) if file.is_file())]
    digest = hashlib.sha256(repr((BY_NAME["sloth"].version, profile)).encode())
    for file in files:
        digest.update(b"\0" + str(file.relative_to(root)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def seal(body: str, inputs: str) -> str:
    """Put the header with both hashes before a generated text."""
    return HEADER.format(inputs=inputs, body=_hash(body)) + body


def stale(root: Path) -> Iterator[str]:
    """Name the generated files that are missing, left over, edited, or older than their inputs."""
    wanted = {target(root, profile, spec): (profile, spec) for profile in PROFILES for spec in specs(root)}
    for path in sorted({*wanted, *(root / RULES).rglob("*.yaml")}):
        place = path.relative_to(root)
        sealed = SEALED.fullmatch(path.read_text(encoding="utf-8")) if path.exists() else None
        if path not in wanted:
            yield f"{place}: no objectives stand for this file"
        elif sealed is None:
            yield f"{place}: missing, or without its header"
        elif sealed["body"] != _hash(sealed["text"]):
            yield f"{place}: edited by hand"
        elif sealed["inputs"] != inputs_hash(root, *wanted[path]):
            yield f"{place}: older than {SOURCES}/ or than Sloth's version in stack/catalogue.py"


def generate(root: Path, sloth: Path) -> dict[Path, str]:
    """Let Sloth write the rules of every file for every profile."""
    return {
        target(root, profile, spec): seal(_run(root, sloth, profile, spec), inputs_hash(root, profile, spec))
        for profile in PROFILES
        for spec in specs(root)
    }


def drift(generated: dict[Path, str]) -> Iterator[str]:
    """Show how the committed files differ from what was generated."""
    for path, text in generated.items():
        found = path.read_text(encoding="utf-8") if path.exists() else ""
        lines = difflib.unified_diff(found.splitlines(), text.splitlines(), str(path), "generated", lineterm="")
        difference = "\n".join(lines)
        if difference:
            yield difference


def write(root: Path, generated: dict[Path, str]) -> None:
    """Write the generated files, and remove those that nothing stands for any more."""
    for path in set((root / RULES).rglob("*.yaml")) - set(generated):
        path.unlink()
    for path, text in generated.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(root))


def _run(root: Path, sloth: Path, profile: Profile, spec: Path) -> str:
    argv = [str(sloth), "generate", "--no-log", f"--input={spec}", f"--plugins-path={root / SOURCES / 'plugins'}"]
    done = subprocess.run([*argv, *profile.options(root)], capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise StackError(f"sloth: {spec.name} for {profile.name}: {done.stderr.strip()}")
    return done.stdout.lstrip("\n")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main(arguments: list[str]) -> int:
    """Generate, or compare and fail on a difference."""
    parser = argparse.ArgumentParser(prog="./nox -s slos --", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing; generate and compare")
    what.add_argument("--check-hashes", action="store_true", help="write nothing; compare the hashes, without Sloth")
    parser.add_argument("--root", type=Path, default=ROOT, help="a copy of the repository's files (default: these)")
    chosen = parser.parse_args(arguments)
    root = chosen.root
    if not (chosen.check or chosen.check_hashes):
        write(root, generate(root, build.program("sloth")))
        return 0
    complaints = list(stale(root))
    if chosen.check:
        complaints += drift(generate(root, build.program("sloth")))
    for complaint in complaints:
        print(complaint)
    if complaints:
        print("run `./nox -s slos` and commit the result")
    return 1 if complaints else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StackError as error:
        sys.exit(str(error))
