# SPDX-License-Identifier: Apache-2.0
"""Config files are written once, with compose names; only listed addresses change, and only whole ones."""

from pathlib import Path

import pytest

from stack.addresses import Addresses
from stack.ports import Port
from stack.site import Site

ADDRESSES = Addresses(
    {
        Port("db", "sql", 5432): 15432,
        Port("loki", "http", 3100): 13100,
        Port("nginx", "http", 80): 18080,
        Port("nginx", "status", 8081, first=False): 18081,
        Port("nginx-exporter", "http", 9113): 19113,
        Port("otelcol", "otlp", 4318): 14318,
        Port("tempo", "otlp", 4318, first=False, published=False): 14319,
    }
)


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("endpoint: http://loki:3100/otlp", "endpoint: http://127.0.0.1:13100/otlp"),
        ('targets: ["loki:3100"]', 'targets: ["127.0.0.1:13100"]'),
        ("postgresql+psycopg2://loan:secret@db:5432/loans", "postgresql+psycopg2://loan:secret@127.0.0.1:15432/loans"),
        ("http://tempo:4318 and http://otelcol:4318", "http://127.0.0.1:14319 and http://127.0.0.1:14318"),
        ("nginx-exporter:9113,nginx:8081", "127.0.0.1:19113,127.0.0.1:18081"),
        ("set $service loki:3100;", "set $service 127.0.0.1:13100;"),
        ("http://localhost:80/runbooks/A.md", "http://localhost:18080/runbooks/A.md"),
        ("http://localhost:4318", "http://localhost:14318"),
    ],
)
def test_known_addresses_become_loopback_ports(text: str, rewritten: str) -> None:
    assert ADDRESSES.rewrite(text) == rewritten


@pytest.mark.parametrize(
    "text",
    [
        "myloki:3100",
        "my-loki:3100",
        "other.loki:3100",
        "loki.example:3100",
        "loki:31000",
        "loki:310",
        "loki:3100x",
        "loki: 3100",
        "localhost:8081x",
        "localhost:9999",
        "10.0.0.0:4318",
        "127.0.0.1:3100",
        "12:30:3100",
    ],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert ADDRESSES.rewrite(text, "loki") == text


def test_any_address_means_the_owners_own_port() -> None:
    text = "endpoint: 0.0.0.0:4318"

    assert ADDRESSES.rewrite(text, "otelcol") == "endpoint: 127.0.0.1:14318"
    assert ADDRESSES.rewrite(text, "tempo") == "endpoint: 127.0.0.1:14319"
    assert ADDRESSES.rewrite(text, "loki") == text
    assert ADDRESSES.rewrite(text) == text


def test_a_port_is_found_by_name_and_the_first_one_without() -> None:
    assert ADDRESSES.of("nginx") == 18080
    assert ADDRESSES.of("nginx", "status") == 18081
    with pytest.raises(KeyError, match="nginx has no port smtp"):
        ADDRESSES.of("nginx", "smtp")


def test_links_follow_the_address_where_a_reverse_proxy_publishes_them(tmp_path: Path) -> None:
    settings = {"PUBLIC_URL": "https://loans.example"}
    site = Site(tmp_path, Addresses({**ADDRESSES.chosen, Port("grafana", "http", 3030): 13030}), settings)

    site.write_config("prometheus", ("prometheus/rules",))

    text = (site.config("prometheus") / "rules" / "loan_service.alerts.yaml").read_text(encoding="utf-8")
    assert "https://loans.example/runbooks/LoanServiceDown.md" in text
    assert "http://localhost:13030/d/loan-service-red" in text
    assert "http://localhost:80" not in text
    assert (site.link("nginx"), site.link("grafana")) == ("https://loans.example", "http://localhost:13030")
