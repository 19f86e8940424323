# SPDX-License-Identifier: Apache-2.0
"""What is built without Docker is what compose runs: the same versions, started with the same options."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack.addresses import Addresses
from stack.catalogue import RECIPES, STACK, Recipe
from stack.ports import FixedPorts
from stack.services import SERVICES, Service
from stack.site import ROOT, Site

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
BUILT = [service for service in SERVICES if service.program]
# The module's own numbering: Prometheus 3.x is v0.3xx, and Tempo's release is not published as a module.
OTHER_NUMBER = {"prometheus": "v0.314.0", "promtool": "v0.314.0", "tempo": "v1.5.1-0.20250529124718-87c2dc380cec"}
# What the image does already, or what only one of the two needs.
ONLY_NATIVE = {"--database", "--label"}  # the image's own pages would show the label's addresses as a badge


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_catalogue_names_the_version_that_go_mod_pins(recipe: Recipe) -> None:
    text = (recipe.home / "go.mod").read_text() if not recipe.generated else (recipe.home / "builder.yaml").read_text()
    version = OTHER_NUMBER.get(recipe.name, f"v{recipe.version}")
    module = recipe.package.split("/cmd")[0] if not recipe.generated else "receiver/otlpreceiver"

    assert re.search(rf"{re.escape(module)} {re.escape(version)}\b", text)
    assert (recipe.home / "go.sum").exists()


@pytest.mark.parametrize("service", BUILT, ids=lambda service: service.name)
def test_compose_runs_the_version_that_is_built_here(service: Service) -> None:
    recipe = next(recipe for recipe in RECIPES if recipe.name == service.program)

    assert COMPOSE[service.name]["image"].rpartition(":")[2].removeprefix("v") == recipe.version


@pytest.mark.parametrize("service", BUILT, ids=lambda service: service.name)
def test_compose_starts_a_server_with_the_same_options(service: Service, tmp_path: Path) -> None:
    native = options_of(native_command(service, tmp_path))
    compose = options_of(COMPOSE[service.name]["command"])
    addresses = {"-server.http-listen-address", "-server.grpc-listen-address"}

    assert native - ONLY_NATIVE == compose
    assert native - addresses  # something was compared


def test_every_service_but_the_once_only_ones_is_in_compose() -> None:
    assert {service.name for service in SERVICES} == set(COMPOSE) - {"volume-owner", "check-settings"}


def test_every_program_of_the_table_is_in_the_catalogue() -> None:
    assert {service.program for service in BUILT} == {recipe.name for recipe in STACK}


def native_command(service: Service, folder: Path) -> list[str]:
    ports = FixedPorts({})
    addresses = Addresses({port: ports.choose(port) for one in SERVICES for port in one.ports})
    programs = {recipe.name: folder / recipe.name for recipe in STACK}
    site = Site(folder, addresses, settings={}, programs=programs, names=frozenset({"grafana"}))
    return [str(word) for word in service.command(site).argv[1:]]


def options_of(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if word.startswith("-")}
