# SPDX-License-Identifier: Apache-2.0
"""The load test: four kinds of people at work on the same loans, and thresholds that set the verdict."""
