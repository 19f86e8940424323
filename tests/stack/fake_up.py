# SPDX-License-Identifier: Apache-2.0
"""What `up` does, with made-up servers: python -m tests.stack.fake_up RUN_DIR SCRIPT...

A script whose name ends with "!" is that of an essential service.
"""

import sys
from pathlib import Path

from stack.errors import StackError
from stack.ports import FreePorts
from stack.run import Run
from stack.runner import Stack
from stack.screen import Screen
from stack.state import only_one
from tests.stack import fakes


def main(run_dir: Path, scripts: list[str]) -> None:
    """Run one service for each named script until stopped."""
    screen = Screen()
    services = [
        fakes.service(f"{name.lower()}-{place}", getattr(fakes, name), essential=word.endswith("!"))
        for place, word in enumerate(scripts)
        if (name := word.removesuffix("!"))
    ]
    try:
        with only_one(run_dir):
            Run(run_dir, Stack(run_dir, FreePorts(), services=services), screen).until_stopped()
    except StackError as error:
        screen.close()
        screen.show_failure(error)
        sys.exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
