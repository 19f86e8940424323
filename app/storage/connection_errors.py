# SPDX-License-Identifier: Apache-2.0
"""Describes why a statement or a connection failed, without libpq's text, which may quote values."""


def reason(error: BaseException | None) -> str:
    """Return the SQLSTATE; a refused connection has none: only its text has the reason."""
    if code := getattr(error, "pgcode", None):
        return f"SQLSTATE {code}"
    if "authentication failed" in str(error):
        return "the database refuses the user or the password"
    return "the database does not answer"
