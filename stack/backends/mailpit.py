# SPDX-License-Identifier: Apache-2.0
"""Read the local mailbox."""

from dataclasses import dataclass

from stack.backends.http import get_json


@dataclass(frozen=True)
class Mail:
    """One received mail."""

    subject: str
    recipients: tuple[str, ...]
    body: str


class Mailpit:
    """Mailpit's HTTP API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def mails(self) -> list[Mail]:
        """List every received mail, oldest first."""
        summaries = get_json(f"{self.url}/api/v1/messages", {"limit": 200})["messages"]
        return [self._mail(summary["ID"]) for summary in reversed(summaries)]

    def _mail(self, identifier: str) -> Mail:
        message = get_json(f"{self.url}/api/v1/message/{identifier}")
        recipients = tuple(recipient["Address"] for recipient in message["To"])
        return Mail(message["Subject"], recipients, f"{message['Text']}\n{message['HTML']}")
