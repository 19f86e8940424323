# SPDX-License-Identifier: Apache-2.0
"""The light pipeline: a layer of our own around the application, and spans of our own; see ADR 0016."""
