# SPDX-License-Identifier: Apache-2.0
"""LoanServiceDown is mailed when the service stops, with a runbook that opens, and again when it is back."""

import re
from collections.abc import Callable

import requests

from stack.backends import Mail, Mailpit
from stack.polling import poll
from stack.runner import Stack
from tests.chain.conftest import Backends

# for 30 s, scrape and evaluation 5 s each, group_wait 5 s; the resolved mail waits for group_interval, 30 s.
FIRE_SECONDS = 120.0
RESOLVE_SECONDS = 150.0


def test_the_two_mails_of_loan_service_down(stack: Stack, backends: Backends) -> None:
    prometheus, mailpit = backends.prometheus, backends.mailpit
    poll(lambda: prometheus.targets().get("loan-service") == "up", 60, "the loan-service target")
    assert "LoanServiceDown" not in prometheus.firing_alerts()

    stack.stop("api")
    try:
        firing = poll(mail(mailpit, "FIRING"), FIRE_SECONDS, "the firing mail")
    finally:
        stack.start("api")
        stack.wait_ready("api")
    resolved = poll(mail(mailpit, "RESOLVED"), RESOLVE_SECONDS, "the resolved mail")

    runbook = re.search(r"http://localhost:\d+/runbooks/LoanServiceDown\.md", firing.body)
    assert runbook, firing.body
    page = requests.get(runbook.group(), timeout=10)
    assert page.ok
    assert page.text.startswith("# LoanServiceDown")
    assert "LoanServiceDown" in resolved.subject
    assert "LoanServiceDown" not in prometheus.firing_alerts()


def mail(mailpit: Mailpit, state: str) -> Callable[[], Mail | None]:
    """Look for the alert's mail in the given state."""
    return lambda: next(
        (mail for mail in mailpit.mails() if state in mail.subject and "LoanServiceDown" in mail.subject), None
    )
