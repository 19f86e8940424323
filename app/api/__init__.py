# SPDX-License-Identifier: Apache-2.0
"""The HTTP API: each view parses a request, calls one use case, and writes the answer."""
