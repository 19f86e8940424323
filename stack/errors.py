# SPDX-License-Identifier: Apache-2.0
"""The error that is shown to users: one line with what failed and why."""


class StackError(Exception):
    """A program cannot run; `output` holds its last lines, which have the reason."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output
        if output:
            self.add_note(output)
