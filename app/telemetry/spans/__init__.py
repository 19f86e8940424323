# SPDX-License-Identifier: Apache-2.0
"""Ended spans on their way out: what one may say, how it is written, where it waits, who takes it."""
