# SPDX-License-Identifier: Apache-2.0
"""Thresholds hold or fail on the figures that Locust counted, and the table shows which."""

from gevent import monkey  # type: ignore[import-untyped]  # gevent has no types
from locust.stats import RequestStats

from loadtest.answers import WrongAnswer
from loadtest.routes import APPLY, ROUTES
from loadtest.thresholds import FEWEST_REQUESTS, exit_code, judge, table


def a_run(requests: int = FEWEST_REQUESTS, milliseconds: int = 30) -> RequestStats:
    """Count the same number of equally fast answers on every route."""
    stats = RequestStats()
    for route in ROUTES:
        for _ in range(requests):
            stats.log_request(route.method, route.name, milliseconds, 100)
    return stats


def failed(stats: RequestStats, crashes: int = 0) -> list[str]:
    return [verdict.what for verdict in judge(stats, crashes) if not verdict.held]


def test_a_quick_and_faultless_run_passes() -> None:
    verdicts = judge(a_run(), crashes=0)

    assert exit_code(verdicts) == 0
    assert "FAILED" not in table(verdicts)


def test_one_slow_route_fails_alone() -> None:
    stats = a_run()
    for _ in range(FEWEST_REQUESTS):
        stats.log_request(APPLY.method, APPLY.name, 2_000, 100)

    assert failed(stats) == ["POST /api/v1/loans: p95"]


def test_a_slow_machine_may_be_given_more_time() -> None:
    stats = a_run()
    for _ in range(FEWEST_REQUESTS):
        stats.log_request(APPLY.method, APPLY.name, 2 * APPLY.p95_ms, 100)

    assert failed(stats) == ["POST /api/v1/loans: p95"]
    assert exit_code(judge(stats, crashes=0, slack=2.0)) == 0


def test_too_few_requests_of_a_route_fail() -> None:
    assert len(failed(a_run(requests=FEWEST_REQUESTS - 1))) == len(ROUTES)


def test_a_short_run_may_ask_for_fewer() -> None:
    verdicts = judge(a_run(requests=1), crashes=0, fewest=1)

    assert exit_code(verdicts) == 0


def test_a_run_that_asked_nothing_fails() -> None:
    verdicts = judge(RequestStats(), crashes=0)

    assert exit_code(verdicts) == 1


def test_failures_within_the_error_budget_pass_and_one_more_fails() -> None:
    stats = a_run(requests=200)
    for _ in range(len(ROUTES)):  # of 200 each one, which is just 0.5 %
        stats.log_error(APPLY.method, APPLY.name, "status 503 instead of 201")

    assert failed(stats) == []
    stats.log_error(APPLY.method, APPLY.name, "status 503 instead of 201")
    assert failed(stats) == ["failed requests"]


def test_a_single_wrong_answer_fails_for_no_budget_covers_it() -> None:
    stats = a_run(requests=200)
    stats.log_error(APPLY.method, APPLY.name, WrongAnswer("currency differ from what was sent"))

    assert failed(stats) == ["wrong answers"]


def test_a_crash_in_the_load_test_itself_fails() -> None:
    assert failed(a_run(), crashes=1) == ["crashed tasks"]


def test_the_table_names_the_failed_threshold_with_its_figures() -> None:
    lines = table(judge(a_run(milliseconds=900), crashes=0)).splitlines()

    line = next(line for line in lines if "POST /api/v1/loans: p95" in line)
    assert line.split() == ["FAILED", "POST", "/api/v1/loans:", "p95", "<=", "500", "ms", "900", "ms"]


def test_importing_locust_here_left_the_threads_of_other_tests_alone() -> None:
    assert not monkey.is_module_patched("threading")
