# SPDX-License-Identifier: Apache-2.0
"""Benchmarks of the service against itself and against the least that the same work could cost."""
