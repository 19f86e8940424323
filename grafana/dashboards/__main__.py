# SPDX-License-Identifier: Apache-2.0
"""Write the dashboards' JSON, or with --check print how it differs and exit with 1."""

import argparse
import sys

from grafana.dashboards.render import drift, write


def main(arguments: list[str]) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m grafana.dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs from its source")
    if parser.parse_args(arguments).check:
        return check()
    for path in write():
        sys.stdout.write(f"{path}\n")
    return 0


def check() -> int:
    """Print every difference."""
    differences = list(drift())
    for difference in differences:
        sys.stdout.write(f"{difference}\n")
    if differences:
        sys.stdout.write("run `nox -s dashboards` and commit the result\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
