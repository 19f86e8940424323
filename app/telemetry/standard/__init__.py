# SPDX-License-Identifier: Apache-2.0
"""The standard pipeline: OpenTelemetry's instrumentor of Flask, and the tracer that it gets; see ADR 0016."""
