# SPDX-License-Identifier: Apache-2.0
"""From where on a number is a warning, and from where on it is bad; one place for all panels."""

# The availability objective allows 0.5 % failed requests; at ten times that, a month's allowance is gone in three days.
ERRORS = (0.005, 0.05)
# The latency objective is 500 ms.
SLOW_SECONDS = (0.25, 0.5)
# Above 20 lines in 5 minutes the rule LoanServiceErrorLogs (provisioning/alerting/rules.yaml) fires.
ERROR_LINES_LIMITS = (10, 20)
# Threads and connections: above three quarters a burst has to wait.
BUSY = (0.75, 0.95)
