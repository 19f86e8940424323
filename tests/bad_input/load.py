# SPDX-License-Identifier: Apache-2.0
"""Rows 105 to 109: cases that need more than one request; each names its tests."""

from tests.bad_input.case import row

ERRORS = "tests/integration/test_errors.py::"
CHAIN = "tests/chain/test_bad_input.py::"
QUOTA = "tests/chain/test_edge_quota.py::"

ROWS = [
    row(
        105,
        "no database, no connection, no time",
        503,
        proved_by=(
            f"{ERRORS}test_without_a_database_everything_but_livez_fails",
            f"{ERRORS}test_a_pool_that_is_used_up_is_answered_with_503",
            f"{ERRORS}test_a_held_lock_is_answered_with_503_within_its_limit",
            f"{ERRORS}test_a_statement_that_takes_too_long_is_answered_with_503",
            "tests/integration/test_frozen_database.py::test_a_frozen_session_is_given_up_and_a_new_one_answers",
            "tests/chain/test_database_outage.py::test_the_service_survives_its_database",
        ),
    ),
    row(
        106,
        "no collector, or a slow one",
        {200, 201},
        proved_by=(
            "tests/telemetry/test_collector_away.py::test_a_dead_collector_is_not_felt",
            "tests/telemetry/test_collector_away.py::test_a_collector_that_never_answers_is_not_felt",
        ),
    ),
    row(
        107,
        "above the quota",
        429,
        proved_by=(
            f"{QUOTA}test_the_quota_is_met_by_one_key_and_by_no_other",
            f"{QUOTA}test_a_client_that_makes_up_keys_is_met_by_its_address",
        ),
    ),
    row(
        108,
        "a client that leaves",
        {201},
        proved_by=(
            f"{CHAIN}test_a_client_that_leaves_within_its_request_has_written_nothing",
            f"{CHAIN}test_a_client_that_leaves_before_the_answer_can_ask_for_it_again",
        ),
    ),
    row(109, "a client that is slow", 408, proved_by=(f"{CHAIN}test_a_slow_body_is_cut_off",)),
]
