# SPDX-License-Identifier: Apache-2.0
"""Ask the stack in Docker whether it is whole: python3 -m tests.compose.smoke; needs nothing but Python."""

import sys
import uuid
from functools import partial
from pathlib import Path
from typing import Any

from app.access import DEV_SECRETS
from stack.environment import parse
from tests.compose.asking import SmokeError, ask, expect, until
from tests.compose.grafana import Grafana
from tests.compose.panels import may_be_empty, panel_queries

API, NGINX, PROMETHEUS = "http://localhost:8000", "http://localhost:80", "http://localhost:9090"
GRAFANA, MAILPIT = "http://localhost:3030", "http://localhost:8025"
LOANS, BORROWERS = f"{NGINX}/api/v1/loans", f"{NGINX}/api/v1/borrowers"
SOMEBODY = {"full_name": "Ada Example", "country": "IE", "date_of_birth": "1990-01-31"}
ASKED_BY_GRAFANA = ("prometheus", "loki", "tempo")  # the fourth, Alertmanager, has no health question in Grafana
DASHBOARD = "loan-service-red"
START_SECONDS, DATA_SECONDS = 240.0, 120.0


def grafana() -> Grafana:
    """Give Grafana with the login of the environment file that compose read."""
    settings = parse((Path(__file__).parents[2] / ".env").read_text(encoding="utf-8"), {})
    return Grafana(GRAFANA, f"admin:{settings['GF_ADMIN_PASSWORD']}")


def the_service_is_healthy() -> None:
    """Wait for the first start: database, migrations, workers."""
    until(lambda: None if ask(f"{API}/health") == (200, {"status": "healthy"}) else "no healthy answer", START_SECONDS)


def ask_api(url: str, body: object = None) -> tuple[int, Any]:
    """Ask the API with a key of development, and with an Idempotency-Key of the request's own."""
    key = {"Authorization": f"Bearer {DEV_SECRETS['applicant']}"}
    return ask(url, body, headers=key if body is None else key | {"Idempotency-Key": str(uuid.uuid4())})


def requests_come_through_nginx() -> None:
    """Make answers of every kind, so that there is something to see; Nginx hides /metrics."""
    status, borrower = ask_api(BORROWERS, {**SOMEBODY, "email": f"{uuid.uuid4().hex}@borrower.example"})
    expect("POST a borrower", 201, status)
    application = {"currency": "EUR", "principal_minor": 100_000, "annual_rate_percent": "5.5", "term_months": 12}
    for _ in range(20):
        status, loan = ask_api(LOANS, {**application, "borrower_id": borrower["id"]})
        expect("POST a loan", 201, status)
        expect("GET a loan", (200, loan), ask_api(f"{LOANS}/{loan['id']}"))
        expect("GET an unknown loan", 404, ask_api(f"{LOANS}/{uuid.uuid4()}")[0])
        expect("POST nonsense", 422, ask_api(LOANS, {**application, "borrower_id": "?"})[0])
    expect("GET without a key", 401, ask(LOANS)[0])
    expect("GET /metrics through Nginx", 404, ask(f"{NGINX}/metrics")[0])


def prometheus_sees_every_target() -> None:
    """Ask for what the Targets page shows."""

    def down() -> str | None:
        _, answer = ask(f"{PROMETHEUS}/api/v1/targets?state=active")
        targets = answer["data"]["activeTargets"] if isinstance(answer, dict) else []
        missing = [f"{one['labels']['job']}: {one['lastError']}" for one in targets if one["health"] != "up"]
        return "; ".join(missing) or (None if targets else "no targets")

    until(down, DATA_SECONDS)


def grafana_wants_its_password() -> None:
    """Log in as the environment file says, and not otherwise."""
    until(lambda: None if ask(f"{GRAFANA}/api/health")[0] == 200 else "Grafana does not answer", START_SECONDS)
    grafana().get("/api/org")
    expect("a wrong login", 401, ask(f"{GRAFANA}/api/org", login="admin:wrong")[0])
    expect("no login", 401, ask(f"{GRAFANA}/api/org")[0])


def grafana_reaches_its_data_sources() -> None:
    """Let Grafana ask each data source for its health."""
    sources = {source["uid"] for source in grafana().get("/api/datasources")}
    expect("the data sources", {*ASKED_BY_GRAFANA, "alertmanager"}, sources)
    for uid in ASKED_BY_GRAFANA:
        until(partial(_unhealthy, uid), DATA_SECONDS)


def _unhealthy(uid: str) -> str | None:
    answer = grafana().get(f"/api/datasources/uid/{uid}/health")
    return None if answer["status"] == "OK" else f"{uid}: {answer}"


def every_panel_has_data() -> None:
    """Let Grafana run every query of the dashboard, as a browser would."""
    queries = list(panel_queries(grafana().get(f"/api/dashboards/uid/{DASHBOARD}")["dashboard"]))
    if not queries:
        raise SmokeError("the dashboard has no query")
    for title, query in queries:
        until(partial(_empty, title, query), DATA_SECONDS)


def _empty(title: str, query: dict[str, Any]) -> str | None:
    return None if grafana().run(query) or may_be_empty(query) else f"{title}: no data for {query}"


def grafanas_own_alerts_are_provisioned() -> None:
    """Ask for the rules, their health, and where their mail goes."""
    until(_sick_rules, DATA_SECONDS)
    points = grafana().get("/api/v1/provisioning/contact-points")
    if not any(point["type"] == "email" for point in points):
        raise SmokeError("no contact point by e-mail")


def _sick_rules() -> str | None:
    groups = grafana().get("/api/prometheus/grafana/api/v1/rules")["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    sick = [f"{rule['name']}: {rule.get('lastError')}" for rule in rules if rule.get("health") != "ok"]
    return "; ".join(sick) or (None if rules else "no rules")


def nobody_else_is_reachable() -> None:
    """Knock where only containers may."""
    expect("Mailpit, published", 200, ask(f"{MAILPIT}/readyz")[0])
    for port in (3100, 3200, 4318, 8081, 8888, 9113, 9187):
        expect(f"port {port}", 0, ask(f"http://localhost:{port}/")[0])


QUESTIONS = (
    the_service_is_healthy,
    requests_come_through_nginx,
    prometheus_sees_every_target,
    grafana_wants_its_password,
    grafana_reaches_its_data_sources,
    every_panel_has_data,
    grafanas_own_alerts_are_provisioned,
    nobody_else_is_reachable,
)


def main() -> int:
    """Ask every question, say which failed and why, and fail if any did."""
    failed = 0
    for question in QUESTIONS:
        try:
            question()
            sys.stdout.write(f"ok     {question.__name__}\n")
        except (SmokeError, KeyError, TypeError) as error:  # the last two: an answer of another shape
            failed += 1
            sys.stdout.write(f"FAILED {question.__name__}: {error}\n")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
