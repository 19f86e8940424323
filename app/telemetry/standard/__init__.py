# SPDX-License-Identifier: Apache-2.0
"""The standard pipeline: OpenTelemetry's instrumentor of Flask, and the SDK's spans; see ADR 0016."""
