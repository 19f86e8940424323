# SPDX-License-Identifier: Apache-2.0
"""From where on a number is a warning, and from where on it is bad; one place for all panels."""

from stack.objectives import objective, slow_seconds

# Orange where the availability objective is missed; red at ten times that: a month's budget is gone in three days.
ERRORS = (objective("availability").allowed, 10 * objective("availability").allowed)
# Red where the latency objective counts an answer as slow; orange at half of it.
SLOW_SECONDS = (slow_seconds() / 2, slow_seconds())
# Above 20 lines in 5 minutes the rule LoanServiceErrorLogs (provisioning/alerting/rules.yaml) fires.
ERROR_LINES_LIMITS = (10, 20)
# Threads and connections: above three quarters a burst has to wait.
BUSY = (0.75, 0.95)
