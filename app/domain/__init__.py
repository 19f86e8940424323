# SPDX-License-Identifier: Apache-2.0
"""What a loan is; see README.md."""
