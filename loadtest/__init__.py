# SPDX-License-Identifier: Apache-2.0
"""The load test: two kinds of people at work, and thresholds that decide whether the service kept up."""
