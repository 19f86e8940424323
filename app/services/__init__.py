# SPDX-License-Identifier: Apache-2.0
"""What the business does: one function per use case, one transaction each."""
