# SPDX-License-Identifier: Apache-2.0
"""Metrics: instruments that count up numbers in memory, and the provider whose meter makes them; see ADR 0016."""
