# SPDX-License-Identifier: Apache-2.0
"""Ports: the default, the configured and free ones; an error names the port, its owner and the variable."""

import socket

import pytest

from stack.ports import HOST, FixedPorts, FreePorts, Port, PortError, require_free
from stack.services import SERVICES

PROMETHEUS = Port("prometheus", "http", 9090)


def test_the_usual_port_is_the_one_that_compose_publishes() -> None:
    ports = FixedPorts({})

    assert ports.choose(PROMETHEUS) == 9090
    assert ports.choose(Port("tempo", "otlp", 4318, host=4319)) == 4319


def test_an_environment_variable_moves_a_port() -> None:
    ports = FixedPorts({"PROMETHEUS_PORT": "9999", "POSTGRES_EXPORTER_PORT": "9998", "LOKI_GRPC_PORT": "9997"})

    assert ports.choose(PROMETHEUS) == 9999
    assert ports.choose(Port("postgres-exporter", "http", 9187)) == 9998
    assert ports.choose(Port("loki", "grpc", 9095, first=False)) == 9997


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1", "80 "])
def test_a_port_that_is_no_number_is_refused_by_the_name_of_its_variable(value: str) -> None:
    ports = FixedPorts({"PROMETHEUS_PORT": value})

    with pytest.raises(PortError, match=r"^PROMETHEUS_PORT: a port number from 1 to 65535 is expected$"):
        ports.choose(PROMETHEUS)


def test_no_two_usual_ports_are_the_same() -> None:
    numbers = [FixedPorts({}).choose(port) for service in SERVICES for port in service.ports]

    assert len(numbers) == len(set(numbers))


def test_free_ports_are_distinct_and_usable() -> None:
    ports = FreePorts()

    numbers = [ports.choose(PROMETHEUS) for _ in range(50)]

    assert len(set(numbers)) == 50
    for number in numbers:
        require_free(PROMETHEUS, number)


@pytest.mark.parametrize("address", [HOST, "0.0.0.0"])  # noqa: S104  # the other server's choice
def test_a_port_in_use_is_named_with_its_owner_and_the_way_out(address: str) -> None:
    with socket.create_server((address, 0)) as other:
        number = other.getsockname()[1]

        with pytest.raises(PortError) as caught:
            require_free(PROMETHEUS, number)

    assert str(caught.value) == f"port {number} (prometheus) is in use: set PROMETHEUS_PORT to another"
