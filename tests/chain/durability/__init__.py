# SPDX-License-Identifier: Apache-2.0
"""Faults under load, and what the client, the files and the backends hold afterwards.

A package, unlike the other folders of tests: pytest then ends its stack with its last test.
"""
