# SPDX-License-Identifier: Apache-2.0
"""The native stack: the same servers as in docker-compose.yml, as plain processes on loopback."""
