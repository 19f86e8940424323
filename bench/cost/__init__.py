# SPDX-License-Identifier: Apache-2.0
"""What telemetry costs: the service as it is, without telemetry, and with telemetry of other kinds."""
