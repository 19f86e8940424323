# SPDX-License-Identifier: Apache-2.0
"""A collector that is away for longer than the workers' queues hold costs spans, and the service reports how many."""

import time

from tests.chain.durability import reconcile, records
from tests.chain.durability.chain import Chain, under_load

# The small queue holds the spans of two seconds.
TOO_LONG_SECONDS = 5.0


def test_spans_that_a_worker_has_no_room_for_are_counted(chain: Chain) -> None:
    with chain.served_by("small_queue_target"):
        reconcile.settle(chain)
        given_up = records.spans_given_up(chain)
        with under_load(chain) as disturbed:
            chain.stop("otelcol")
            time.sleep(TOO_LONG_SECONDS)
            chain.start("otelcol")

        assert reconcile.require_losses_admitted(chain, disturbed, given_up) > 0
