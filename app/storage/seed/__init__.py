# SPDX-License-Identifier: Apache-2.0
"""A made-up portfolio with a history, each loan lived through the domain's own functions."""
