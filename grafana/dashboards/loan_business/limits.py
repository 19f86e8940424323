# SPDX-License-Identifier: Apache-2.0
"""From where on a number is a warning, and from where on it is bad; one place for all panels."""

# Typical covenants of loans to lenders: below 5 % at risk, and no new loans at 10 %.
AT_RISK = (0.05, 0.1)
# The books are right or they are not.
WRONG = (0.5, 1.0)
