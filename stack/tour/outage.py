# SPDX-License-Identifier: Apache-2.0
"""The optional last step of the tour: the API is stopped until its alert has arrived as mail."""

from collections.abc import Callable

from rich.console import Console
from rich.markup import escape

from stack import control, state
from stack.backends import Mail, Mailpit
from stack.polling import poll

ALERT = "LoanServiceDown"
NEEDED = ("mailpit", "alertmanager", "prometheus")
# 30 s until the alert fires, 5 s and 30 s that Alertmanager gathers, evaluations and scrapes; twice that on a busy
# machine.
PATIENCE_SECONDS = 120.0


class OutageError(RuntimeError):
    """The step cannot be done; the text is one line."""


def require_outage_possible(running: state.State) -> None:
    """Refuse a stack in which the API cannot be stopped, or its alert not be mailed."""
    if not running.control or any(name not in running.urls for name in NEEDED):
        raise OutageError(f"--outage: the native stack with {', '.join(NEEDED)} is needed (./nox -s up)")


def show_outage(console: Console, running: state.State, ask: Callable[..., str] = control.ask) -> None:
    """Stop the API, wait for the mail of its alert, start it, and wait for the mail that it is over."""
    mailbox = Mailpit(running.urls["mailpit"])
    known = len(mailbox.mails())
    console.rule("[bold]An outage: the API is stopped (./nox -s stop -- api)")
    _require(ask(running, "stop", "api"))
    try:
        with console.status("waiting until the alert arrives as mail, about a minute"):
            mail = poll(lambda: _mail(mailbox, known, "FIRING"), PATIENCE_SECONDS, f"the mail of {ALERT}")
        console.print(f"Mail: [bold]{escape(mail.subject)}[/], to {', '.join(mail.recipients)}")
    finally:
        _require(ask(running, "start", "api"))
    console.print("The API is started again (./nox -s start -- api)")
    with console.status("waiting for the mail of the recovery"):
        mail = poll(lambda: _mail(mailbox, known, "RESOLVED"), PATIENCE_SECONDS, f"the end of {ALERT}")
    console.print(f"Mail: [bold]{escape(mail.subject)}[/]\n")


def _mail(mailbox: Mailpit, known: int, word: str) -> Mail | None:
    new = mailbox.mails()[known:]
    return next((mail for mail in new if ALERT in mail.subject and word in mail.subject), None)


def _require(answer: str) -> None:
    if answer != control.DONE:
        raise OutageError(f"--outage: {answer}")
