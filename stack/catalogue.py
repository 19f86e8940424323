# SPDX-License-Identifier: Apache-2.0
"""The programs that are built here: which module folder, which package, which tags, and what to expect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SERVERS = Path(__file__).parent / "servers"


@dataclass(frozen=True)
class Recipe:
    """How one program is built from its pinned module, or recognised when the machine has it already."""

    name: str
    folder: str
    package: str
    version: str  # what the program and its image are called; go.mod may name the module differently
    cpu_seconds: int  # measured on 2 cores; only the estimate on the screen uses it
    tags: str = "netgo"
    on_path: str | None = None
    ask_version: tuple[str, ...] = ("--version",)
    note: str = ""  # a remark on how the program is built here
    generated: bool = False  # its Go source is written by the collector's own builder

    @property
    def home(self) -> Path:
        """Give the folder with the program's go.mod and go.sum."""
        return SERVERS / self.folder

    @property
    def pages(self) -> Path:
        """Give the folder with the web pages that the module embeds but its published version lacks."""
        return self.home / "pages"

    @property
    def page_files(self) -> list[Path]:
        """List the files below `pages`, each at its path in the module; most programs have none."""
        return sorted(file for file in self.pages.rglob("*") if file.is_file())


# Without service discovery for clouds Prometheus and the collector compile in a third of the time.
LEAN = "netgo,remove_all_sd,enable_dns_sd"
LEAN_COLLECTOR = "grpcnotrace,remove_all_sd,enable_dns_sd"
PROMETHEUS = "github.com/prometheus/prometheus/cmd"
ALERTMANAGER = "github.com/prometheus/alertmanager/cmd"
POSTGRES_EXPORTER = "github.com/prometheus-community/postgres_exporter/cmd/postgres_exporter"
NGINX_EXPORTER = "github.com/nginx/nginx-prometheus-exporter"
MAILPIT = "github.com/axllent/mailpit"
NO_PAGES = "built here without its pages, which are in no registry: a page of links instead"
NO_MAIL_PAGES = "built here without its pages, which are in no registry: a list of the mails instead"
QUIET_VERSION = ("version", "--no-release-check")

# In the order in which `up` builds them: what people open first comes first.
STACK = (
    Recipe("prometheus", "prometheus", f"{PROMETHEUS}/prometheus", "3.14.0", 190, LEAN, "prometheus", note=NO_PAGES),
    Recipe("otelcol", "otelcol", ".", "0.159.0", 250, LEAN_COLLECTOR, "otelcol-contrib", generated=True),
    Recipe(
        "mailpit", "mailpit", MAILPIT, "1.30.5", 60, on_path="mailpit", ask_version=QUIET_VERSION, note=NO_MAIL_PAGES
    ),
    Recipe("alertmanager", "alertmanager", f"{ALERTMANAGER}/alertmanager", "0.31.1", 70, on_path="alertmanager"),
    Recipe("tempo", "tempo", "github.com/grafana/tempo/cmd/tempo", "2.8.2", 330, on_path="tempo"),
    Recipe("loki", "loki", "github.com/grafana/loki/v3/cmd/loki", "3.7.6", 550, on_path="loki"),
    Recipe("nginx_exporter", "nginx_exporter", NGINX_EXPORTER, "1.5.1", 17, on_path="nginx-prometheus-exporter"),
    Recipe("postgres_exporter", "postgres_exporter", POSTGRES_EXPORTER, "0.19.1", 10, on_path="postgres_exporter"),
)
# What checks config files, and what generates the rules of the objectives (only `slos` and `nightly` build it).
TOOLS = (
    Recipe("promtool", "prometheus", f"{PROMETHEUS}/promtool", "3.14.0", 80, LEAN, "promtool"),
    Recipe("sloth", "sloth", "github.com/slok/sloth/cmd/sloth", "0.16.0", 300),
    Recipe("compose", "compose", "github.com/docker/compose/v5/cmd", "5.5.1", 150),
    Recipe("amtool", "alertmanager", f"{ALERTMANAGER}/amtool", "0.31.1", 10, on_path="amtool"),
)
RECIPES = STACK + TOOLS
BY_NAME = {recipe.name: recipe for recipe in RECIPES}
