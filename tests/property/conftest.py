# SPDX-License-Identifier: Apache-2.0
"""The same examples in every run: what is found here must be found again elsewhere."""

from hypothesis import settings

# A slow machine is no failure, so no deadline; 300 examples of up to 600 rows keep the folder near 10 s.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=300)
settings.load_profile("repeatable")
