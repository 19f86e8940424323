# SPDX-License-Identifier: Apache-2.0
"""Wrappers of the SDK's exporters: redaction, retries, delivery accounting, and the report of data lost at exit."""
