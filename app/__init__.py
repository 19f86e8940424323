# SPDX-License-Identifier: Apache-2.0
"""The loan service; importing this package imports nothing else."""

__version__ = "0.1.0"
