# SPDX-License-Identifier: Apache-2.0
"""How the service is asked: HTTP in, one use case, HTTP out."""
