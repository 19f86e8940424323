# SPDX-License-Identifier: Apache-2.0
"""Says in words of our own why a statement or a connection failed: libpq's text may quote values."""


def reason(error: BaseException | None) -> str:
    """Give the SQLSTATE; a refused connection has none, and only its text tells a wrong password from no answer."""
    if code := getattr(error, "pgcode", None):
        return f"SQLSTATE {code}"
    if "authentication failed" in str(error):
        return "the database refuses the user or the password"
    return "the database does not answer"
