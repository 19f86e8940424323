# SPDX-License-Identifier: Apache-2.0
"""The metric names of an expression are found, and nothing else is taken for one."""

import pytest

from grafana.provisioned.promql import metric_names


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("up", {"up"}),
        ('up{job="loan-service",instance=~"a{2}.*"}', {"up"}),
        ("sum by (http_route) (rate(requests_total[$__rate_interval]))", {"requests_total"}),
        ("sum (rate(a[5m])) or 0 * sum (rate(b[5m] offset 1m))", {"a", "b"}),
        ("histogram_quantile(0.95, sum by (instance, le) (rate(x_bucket[1m])))", {"x_bucket"}),
        ("max by (job) (up{job=\"a\"}) == 0 or absent(up{job='b'})", {"up"}),
        ("a / on (job) group_left (version) b > bool 3", {"a", "b"}),
        ('label_values(x_count{a="b"}, http_route)', {"x_count"}),
        ("job:requests:rate5m unless time() - 1e3", {"job:requests:rate5m"}),
        ("time() - max(timestamp(x))", {"x"}),
        ("quantile_over_time(.95, x[5m:15s]) > Inf", {"x"}),
    ],
)
def test_an_expression_names_its_metrics(expression: str, names: set[str]) -> None:
    assert metric_names(expression) == names
