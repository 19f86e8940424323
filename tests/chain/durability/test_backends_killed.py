# SPDX-License-Identifier: Apache-2.0
"""What a backend has acknowledged is still there after it is killed; of traces, all but the last seconds."""

import shutil
import time

from stack.polling import poll
from tests.chain.durability import mutants, reconcile, records
from tests.chain.durability.chain import Chain, loaded, under_load

BACKENDS = ("loki", "prometheus", "tempo")
# Tempo acknowledges spans before it writes them: a trace is written once it was idle for 2 s, with a look each second.
TEMPO_HOLDS_SECONDS = 8.0
LOAD_SECONDS = 6.0


def test_acknowledged_lines_and_samples_survive_a_kill(chain: Chain) -> None:
    reconcile.settle(chain)
    counted = records.requests_counted(chain)

    with under_load(chain) as disturbed:
        time.sleep(LOAD_SECONDS)
        acknowledged = samples_until(chain, disturbed.since, time.time())
        killed = time.time()
        chain.kill(*BACKENDS)
        chain.start(*BACKENDS)

    kept = samples_until(chain, disturbed.since, killed)
    assert acknowledged
    assert acknowledged <= kept
    reconcile.require_all_lines(chain, disturbed.since)
    reconcile.require_exact_counts(chain, disturbed, counted)
    reconcile.lost_for_good(lambda: len(reconcile.traces_lost(chain, disturbed)))
    ages = [killed - disturbed.load.answered_at[trace] for trace in reconcile.traces_lost(chain, disturbed)]
    print(f"{len(acknowledged)} samples kept; {len(ages)} traces lost, at most {max(ages, default=0):.1f} s old")  # noqa: T201  # the figure is the result
    assert max(ages, default=0.0) < TEMPO_HOLDS_SECONDS


def test_without_a_log_of_its_own_loki_loses_acknowledged_lines(chain: Chain) -> None:
    with chain.mutated("loki", mutants.loki_without_wal), loaded(chain) as disturbed:
        poll(lambda: records.lines_stored(chain, disturbed.since).total(), 10.0, "lines in Loki")
        chain.kill("loki")
        chain.start("loki")

    lost = reconcile.lost_for_good(lambda: reconcile.lines_lost(chain, disturbed.since))
    print(f"{lost} lines lost")  # noqa: T201  # the figure is the result
    assert lost > 0


def test_without_a_log_of_its_own_prometheus_loses_acknowledged_samples(chain: Chain) -> None:
    since = time.time() - LOAD_SECONDS
    acknowledged = poll(lambda: samples_until(chain, since, time.time()), 10.0, "samples")
    killed = time.time()

    chain.kill("prometheus")
    for folder in ("wal", "chunks_head"):
        shutil.rmtree(chain.stack.data_dir("prometheus") / folder)
    chain.start("prometheus")

    assert acknowledged - samples_until(chain, since, killed)


def samples_until(chain: Chain, since: float, until: float) -> set[tuple[str, float]]:
    """Give each worker's samples of a time, without one at its very beginning: Prometheus takes whole milliseconds."""
    found = records.exports(chain, since, until)
    return {(instance, at) for instance, times in found.items() for at in times if at > since + 0.01}
