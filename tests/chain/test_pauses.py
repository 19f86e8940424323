# SPDX-License-Identifier: Apache-2.0
"""A pause of the machine is detected, and its overlap with an interval is computed."""

import os
import signal
import subprocess
import sys
import time

from tests.chain.pauses import NOTICED_SECONDS, Pauses

PAUSE_SECONDS = 1.0
WATCH = """
from tests.chain.pauses import noticing_pauses
with noticing_pauses() as pauses:
    print("on", flush=True)
    input()
print(sum(until - since for since, until in pauses.noticed))
"""


def test_a_process_that_stands_still_notices() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", WATCH], stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdout
        assert child.stdout.readline() == "on\n"
        os.kill(child.pid, signal.SIGSTOP)
        time.sleep(PAUSE_SECONDS)
        os.kill(child.pid, signal.SIGCONT)
        noticed = float(child.communicate("\n", timeout=30)[0])

    assert noticed > PAUSE_SECONDS - NOTICED_SECONDS


def test_a_pause_counts_where_it_overlaps() -> None:
    pauses = Pauses([(10.0, 12.0), (20.0, 21.0)])

    assert pauses.within(0.0, 5.0) == 0
    assert pauses.within(11.0, 20.5) == 1.5
