# SPDX-License-Identifier: Apache-2.0
"""The schema's history; a revision is never edited after its release."""
