# SPDX-License-Identifier: Apache-2.0
"""The tour's last step stops the API until its mail is there, and starts it again whatever happens."""

import io

import pytest
from rich.console import Console

from stack import polling
from stack.backends import Mail, Mailpit
from stack.state import State
from stack.tour import outage
from stack.tour.outage import OutageError, require_outage_possible, show_outage

URLS = dict.fromkeys(outage.NEEDED, "http://127.0.0.1:1")


def running(urls: dict[str, str] = URLS, control: str = "socket") -> State:
    return State(1, "", "", complete=True, urls=urls, pids={}, control=control)


class Stack:
    """Sends the mails that follow a stop and a start, when it is one that works."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, works: bool = True) -> None:
        self.asked: list[str] = []
        self.sent = [Mail("[FIRING] LoanServiceDown", ("old@loan.example",), "")]  # of an earlier outage
        self._works = works
        monkeypatch.setattr(Mailpit, "mails", lambda _mailbox: list(self.sent))
        monkeypatch.setattr(polling, "PAUSE_SECONDS", 0)
        monkeypatch.setattr(outage, "PATIENCE_SECONDS", 0.1)

    def ask(self, _running: State, word: str, name: str) -> str:
        """Record the command, and send the mail that follows."""
        self.asked.append(f"{word} {name}")
        if self._works:
            status = {"stop": "FIRING", "start": "RESOLVED"}[word]
            self.sent.append(Mail(f"[{status}] LoanServiceDown", ("oncall@loan.example",), ""))
        return "done"


def test_both_mails_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    stack, screen = Stack(monkeypatch), io.StringIO()

    show_outage(Console(file=screen, width=120), running(), stack.ask)

    assert stack.asked == ["stop api", "start api"]
    assert "Mail: [FIRING] LoanServiceDown, to oncall@loan.example" in screen.getvalue()
    assert "Mail: [RESOLVED] LoanServiceDown" in screen.getvalue()


def test_without_a_mail_the_api_is_started_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Stack(monkeypatch, works=False)

    with pytest.raises(TimeoutError, match="the mail of LoanServiceDown"):
        show_outage(Console(file=io.StringIO()), running(), stack.ask)

    assert stack.asked == ["stop api", "start api"]


@pytest.mark.parametrize("state", [running(control=""), running(urls={"prometheus": ""})])
def test_a_stack_that_cannot_do_it_is_refused(state: State) -> None:
    with pytest.raises(OutageError, match=r"^--outage: the native stack with mailpit, alertmanager, prometheus is"):
        require_outage_possible(state)
