# SPDX-License-Identifier: Apache-2.0
"""The load test: four kinds of users on the same loans, and thresholds that set the exit code."""
