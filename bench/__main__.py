# SPDX-License-Identifier: Apache-2.0
"""`python -m bench list`, `python -m bench writes` and `python -m bench cost`."""

import argparse
import sys
from collections.abc import Sequence

from bench import cost_command, list_command, writes_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark; the exit code is 1 when it misses its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    commands = parser.add_subparsers(required=True)
    list_command.add_to(commands)
    writes_command.add_to(commands)
    cost_command.add_to(commands)
    options = parser.parse_args(arguments)
    code: int = options.run(options)
    return code


if __name__ == "__main__":
    sys.exit(main())
