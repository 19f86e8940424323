# SPDX-License-Identifier: Apache-2.0
"""The text of docs/cost.md around its figures."""

from typing import Final

from bench.cost import arrivals, duel, gate, hold, targets

METHOD: Final = """
*Bare* is the same application without telemetry: no instrumentor, no event, no line
(`bench/cost/variants/bare.py`; `OTEL_SDK_DISABLED` would leave the line). *Classic*, *default OpenTelemetry* and
*zero-code* are alternatives that one could add to it. `standard` and `light` are the two pipelines of the service, with
the same signals from both ([ADR 0016](adr/0016-two-pipelines.md)). Everything is sampled and exported, to a collector
that accepts and discards all. Lines go to stdout, which is redirected to a file; with `LOG_DIR` set, the service writes
each line twice, which is not in these figures.
""".strip()
CPU: Final = f"""
Bare and a variant each run under Gunicorn with the service's configuration, one worker of four
threads, on databases with equal data, and wrk loads both *at the same time* with {duel.CLIENTS} clients each: other
work of the machine affects both. The figure is the CPU time of each side's processes, divided by its requests; the
ratio is the median of the rounds, with the bounds of their middle half. `standard` may take at most
{targets.OF_DEFAULT:g} of the CPU time of default OpenTelemetry on each route, although it does more; `light` has limits
of its own. The rounds of these three are repeated with {duel.LIVES} starts of both servers, as a process is faster or
slower by the layout of its memory. Clients, collector and PostgreSQL are not in it.
""".strip()
LATENCY: Final = f"""
Both sides at once, one client each, medians of the rounds. The target is a p99 of {targets.TAIL:g} x bare for
`standard` and `light`.
""".strip()
HOLDS: Final = f"""
{hold.ROUNDS * hold.REQUESTS:,} requests for each variant, in process, in {hold.ROUNDS} rounds, in each of which bare
and the variants take turns after every {hold.REQUESTS // hold.SLICES} requests: other work of the machine affects all
of them. They arrive one by one, each about a millisecond after the last answer, while earlier spans are exported. The
view releases the interpreter {arrivals.WAITS} times, as reading one loan does while it waits for the database, so an
exporting thread can take it and keep it. A request's time counts from its arrival, with any wait for the interpreter,
and without the time that its thread waited for a core, which other programs cause
(`/proc/self/task/*/schedstat`). *Held* is how much longer the slowest of a thousand takes than the slowest of a
thousand bare ones: telemetry's work, locks and waits. The machine delays bare ones, too: the row of bare shows how
long. The figure is the median of the rounds, the target {targets.HOLD_MS["standard"]:g} ms for `standard` and
{targets.HOLD_MS["light"]:g} ms for `light`. The route uses no database, whose noise would be larger than the effect.
""".strip()
INSTRUCTIONS: Final = f"""
In thousands, counted by valgrind, in process, without Gunicorn, and with exports; means of three layouts of memory.
They hardly depend on other work of the machine, so a change of the code can be judged by them; but telemetry's share is
larger than in CPU time, since the kernel's work for database and network is not counted. `./nox -s cost`, a part of
`./nox -s nightly`, counts `standard` and `light` again and fails when their multiple of bare is more than
{gate.TOLERANCE:.0%} above `bench/cost/instructions.json`.
""".strip()
IDEAS_HEAD: Final = """
Each can be copied independently. It saves the instructions per request of `standard` without it, less those of
`standard`; differences of under 3 % of a request are as large as those of two layouts of memory. The table does not
contain what shortens waits without saving work: exports in small batches (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`, in
`app/telemetry/defaults.py`), during which the interpreter changes threads after 0.2 ms instead of 5
(`app/telemetry/switch_interval.py`). *Held* above shows the remaining waits.
""".strip()
REPEAT: Final = """
```
./nox -s bench -- cost            # all of this page, on a quiet machine
./nox -s bench -- cost --dry      # the same without writing the page
./nox -s bench -- cost --ideas    # what each idea of `standard` saves, printed: 5 minutes, on any machine
./nox -s cost                     # the gate
./nox -s cost -- --accept         # after a change that is worth its cost: commit what is counted now
```

wrk and valgrind are installed where root may (Debian, Ubuntu); elsewhere the command prints what it needs.
""".strip()
