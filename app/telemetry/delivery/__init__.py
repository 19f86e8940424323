# SPDX-License-Identifier: Apache-2.0
"""Around the SDK's exporters: what may leave, what was delivered, and what a worker lost when it ended."""
