# SPDX-License-Identifier: Apache-2.0
"""The one kind of error that people see: one line that says which and why."""


class StackError(Exception):
    """Something cannot run; `output` holds the last lines of the program that said why."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output
        if output:
            self.add_note(output)
