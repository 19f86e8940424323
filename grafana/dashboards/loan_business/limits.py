# SPDX-License-Identifier: Apache-2.0
"""From where on a number is a warning, and from where on it is bad; one place for all panels."""

# Lenders to lenders ask for less than a twentieth at risk, and stop lending at a tenth.
AT_RISK = (0.05, 0.1)
# The books are right or they are not.
WRONG = (0.5, 1.0)
