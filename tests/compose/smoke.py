# SPDX-License-Identifier: Apache-2.0
"""Checks each part of the stack in Docker: python -m tests.compose.smoke; ports and logins are those of .env."""

import argparse
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from stack import in_docker
from stack.backends import Mailpit
from stack.backends.http import BackendError
from stack.tour.caller import submit_application
from stack.tour.provoke import failing_request
from tests.chain.loan_lives import ALL
from tests.chain.traffic import side_by_side
from tests.compose.asking import SmokeError, ask, expect, until
from tests.compose.grafana import Grafana
from tests.compose.panels import may_be_empty, panel_queries

ROOT = Path(__file__).parents[2]
ASKED_BY_GRAFANA = ("prometheus", "loki", "tempo")  # the fourth, Alertmanager, has no health question in Grafana
START_SECONDS, DATA_SECONDS = 240.0, 120.0
# Alertmanager: group_wait 5 s. Grafana: an evaluation each 30 s, `for` 1m, and its group_wait.
MAIL_SECONDS, GRAFANA_MAIL_SECONDS = 30.0, 240.0
# LoanServiceErrorLogs fires above 20 error lines in 5 minutes.
FAILING_REQUESTS, AT_ONCE = 30, 10
# What only other containers may reach: Loki, Tempo, the collector, Nginx's status page, the exporters.
HIDDEN_PORTS = (3100, 3200, 4318, 8081, 8888, 9113, 9187)


@dataclass
class Smoke:
    """The checks, in order; each raises SmokeError when it fails."""

    settings: dict[str, str]
    urls: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.urls = in_docker.published(self.settings)

    @property
    def grafana(self) -> Grafana:
        """Give Grafana with the login of the settings."""
        return Grafana(self.urls["grafana"], f"admin:{self.settings['GF_ADMIN_PASSWORD']}")

    def the_service_is_healthy(self) -> None:
        """Wait for the first start: database, migrations, workers."""
        healthy = (200, {"status": "healthy"})
        until(lambda: None if ask(f"{self.urls['api']}/health") == healthy else "no healthy answer", START_SECONDS)

    def loans_of_every_fate_come_through_nginx(self) -> None:
        """Live every life of a loan, so that there is something to see; Nginx hides /metrics."""
        side_by_side(self.urls["nginx"], ALL * 2)
        expect("GET /metrics through Nginx", 404, ask(f"{self.urls['nginx']}/metrics")[0])

    def prometheus_sees_every_target(self) -> None:
        """Request what the Targets page shows."""
        until(partial(self._down, set()), DATA_SECONDS)

    def every_target_but_grafana_is_up(self) -> None:
        """Check the same where Grafana is left out."""
        until(partial(self._down, {"grafana"}), DATA_SECONDS)

    def _down(self, left_out: set[str]) -> str | None:
        _, answer = ask(f"{self.urls['prometheus']}/api/v1/targets?state=active")
        targets = answer["data"]["activeTargets"] if isinstance(answer, dict) else []
        missing = [
            f"{one['labels']['job']}: {one['lastError']}"
            for one in targets
            if one["health"] != "up" and one["labels"]["job"] not in left_out
        ]
        return "; ".join(missing) or (None if targets else "no targets")

    def alerts_of_prometheus_reach_the_mailbox(self) -> None:
        """Check that Prometheus has found Alertmanager, and let that mail an alert."""
        _, found = ask(f"{self.urls['prometheus']}/api/v1/alertmanagers")
        active = [one["url"] for one in found["data"]["activeAlertmanagers"]]
        expect("Prometheus' Alertmanagers", ["http://alertmanager:9093/api/v2/alerts"], active)
        name = f"Smoke{uuid.uuid4().hex}"
        alert = {"labels": {"alertname": name, "severity": "warning"}, "annotations": {"summary": "A test"}}
        expect("POST an alert", 200, ask(f"{self.urls['alertmanager']}/api/v2/alerts", [alert])[0])
        until(partial(self._no_mail, name), MAIL_SECONDS)

    def _no_mail(self, word: str) -> str | None:
        try:
            mails = Mailpit(self.urls["mailpit"]).mails()
        except BackendError as error:
            return str(error)
        return None if any(word in mail.subject for mail in mails) else f"no mail about {word}"

    def grafana_wants_its_password(self) -> None:
        """Log in with the credentials of the settings, and fail with others."""
        url = self.urls["grafana"]
        until(lambda: None if ask(f"{url}/api/health")[0] == 200 else "Grafana does not answer", START_SECONDS)
        self.grafana.get("/api/org")
        expect("a wrong login", 401, ask(f"{url}/api/org", login="admin:wrong")[0])
        expect("no login", 401, ask(f"{url}/api/org")[0])

    def grafana_reaches_its_data_sources(self) -> None:
        """Let Grafana check the health of each data source."""
        sources = {source["uid"] for source in self.grafana.get("/api/datasources")}
        expect("the data sources", {*ASKED_BY_GRAFANA, "alertmanager"}, sources)
        for uid in ASKED_BY_GRAFANA:
            until(partial(self._unhealthy, uid), DATA_SECONDS)

    def _unhealthy(self, uid: str) -> str | None:
        answer = self.grafana.get(f"/api/datasources/uid/{uid}/health")
        return None if answer["status"] == "OK" else f"{uid}: {answer}"

    def every_panel_has_data(self) -> None:
        """Let Grafana run every query of every dashboard, as a browser would."""
        provisioned = {path.stem for path in (ROOT / "grafana/provisioning/dashboards").glob("*/*.json")}
        found = self.grafana.get("/api/search?type=dash-db")
        expect("the number of dashboards", len(provisioned), len(found))
        for one in found:
            queries = list(panel_queries(self.grafana.get(f"/api/dashboards/uid/{one['uid']}")["dashboard"]))
            if not queries:
                raise SmokeError(f"the dashboard {one['title']} has no query")
            for title, query in queries:
                until(partial(self._empty, f"{one['title']}, {title}", query), DATA_SECONDS)

    def _empty(self, title: str, query: dict[str, Any]) -> str | None:
        return None if self.grafana.run(query) or may_be_empty(query) else f"{title}: no data for {query}"

    def grafanas_own_alerts_are_provisioned(self) -> None:
        """Request the rules and their health."""
        until(self._sick_rules, DATA_SECONDS)

    def _sick_rules(self) -> str | None:
        groups = self.grafana.get("/api/prometheus/grafana/api/v1/rules")["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        sick = [f"{rule['name']}: {rule.get('lastError')}" for rule in rules if rule.get("health") != "ok"]
        return "; ".join(sick) or (None if rules else "no rules")

    def an_alert_of_grafana_reaches_the_mailbox(self) -> None:
        """Log more errors than LoanServiceErrorLogs bears, and wait for its mail."""
        loan_id = submit_application(self.urls["nginx"])
        database_url = in_docker.database_url(self.settings)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = [
                pool.submit(failing_request, self.urls["nginx"], database_url, loan_id) for _ in range(FAILING_REQUESTS)
            ]
        expect("requests while the table is locked", {503}, {one.result().status for one in answers})
        until(partial(self._no_mail, "LoanServiceErrorLogs"), GRAFANA_MAIL_SECONDS)

    def nothing_else_is_reachable(self) -> None:
        """Knock where only containers may."""
        expect("Mailpit, published", 200, ask(f"{self.urls['mailpit']}/readyz")[0])
        for port in HIDDEN_PORTS:
            expect(f"port {port}", 0, ask(f"http://localhost:{port}/")[0])


def questions(smoke: Smoke, *, grafana: bool) -> Iterator[Callable[[], None]]:
    """Return the checks, with or without Grafana."""
    yield smoke.the_service_is_healthy
    yield smoke.loans_of_every_fate_come_through_nginx
    yield smoke.prometheus_sees_every_target if grafana else smoke.every_target_but_grafana_is_up
    yield smoke.alerts_of_prometheus_reach_the_mailbox
    if grafana:
        yield smoke.grafana_wants_its_password
        yield smoke.grafana_reaches_its_data_sources
        yield smoke.every_panel_has_data
        yield smoke.grafanas_own_alerts_are_provisioned
        yield smoke.an_alert_of_grafana_reaches_the_mailbox
    yield smoke.nothing_else_is_reachable


@contextmanager
def reported(name: str, failed: list[str]) -> Iterator[None]:
    """Print the result of a check, and how long it took."""
    started = time.monotonic()
    try:
        yield
        verdict = f"ok     {name}"
    except (SmokeError, AssertionError, KeyError, TypeError) as error:  # the last two: an answer of another shape
        failed.append(name)
        verdict = f"FAILED {name}: {error}"
    sys.stdout.write(f"{verdict} ({time.monotonic() - started:.0f} s)\n")
    sys.stdout.flush()


def run(settings: dict[str, str], *, grafana: bool = True) -> list[str]:
    """Run every check and return the names of those that failed."""
    failed: list[str] = []
    for question in questions(Smoke(settings), grafana=grafana):
        with reported(question.__name__, failed):
            question()
    return failed


def main() -> int:
    """Run every check, print which failed and why, and fail if any did."""
    argparse.ArgumentParser(prog="python -m tests.compose.smoke", description=__doc__).parse_args()
    return 1 if run(in_docker.compose_settings()) else 0


if __name__ == "__main__":
    sys.exit(main())
