# SPDX-License-Identifier: Apache-2.0
"""Clients of the running backends: one per server, shared by the tour, the measurements and the tests."""

from stack.backends.loki import LogLine, Loki
from stack.backends.mailpit import Mail, Mailpit
from stack.backends.prometheus import Exemplar, Prometheus, Sample, Series
from stack.backends.tempo import Span, Tempo

__all__ = ["Exemplar", "LogLine", "Loki", "Mail", "Mailpit", "Prometheus", "Sample", "Series", "Span", "Tempo"]
