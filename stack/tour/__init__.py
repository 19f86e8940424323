# SPDX-License-Identifier: Apache-2.0
"""The ten-minute tour in a terminal: one slow and one failing request, from the metric to the log line and back."""
