# SPDX-License-Identifier: Apache-2.0
"""Every metric, attribute and event name in use; docs/telemetry.yaml says what each means."""

from typing import Final

# OpenTelemetry's own names (semantic conventions, stable unless said otherwise).
DB_CLIENT_CONNECTION_COUNT: Final = "db.client.connection.count"  # development
DB_CLIENT_CONNECTION_MAX: Final = "db.client.connection.max"  # development
DB_CLIENT_CONNECTION_POOL_NAME: Final = "db.client.connection.pool.name"
DB_CLIENT_CONNECTION_STATE: Final = "db.client.connection.state"
DB_CLIENT_OPERATION_DURATION: Final = "db.client.operation.duration"
DB_NAMESPACE: Final = "db.namespace"
DB_OPERATION_NAME: Final = "db.operation.name"
DB_QUERY_TEXT: Final = "db.query.text"
DB_RESPONSE_STATUS_CODE: Final = "db.response.status_code"
DB_SYSTEM_NAME: Final = "db.system.name"
DEPLOYMENT_ENVIRONMENT_NAME: Final = "deployment.environment.name"
ERROR_TYPE: Final = "error.type"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"
EXCEPTION_TYPE: Final = "exception.type"
HTTP_REQUEST_METHOD: Final = "http.request.method"
HTTP_RESPONSE_STATUS_CODE: Final = "http.response.status_code"
HTTP_ROUTE: Final = "http.route"
HTTP_SERVER_ACTIVE_REQUESTS: Final = "http.server.active_requests"  # development
HTTP_SERVER_REQUEST_DURATION: Final = "http.server.request.duration"
NETWORK_PROTOCOL_VERSION: Final = "network.protocol.version"
OTEL_SDK_EXPORTER_SPAN_EXPORTED: Final = "otel.sdk.exporter.span.exported"  # development
OTEL_SDK_PROCESSOR_SPAN_PROCESSED: Final = "otel.sdk.processor.span.processed"  # development
OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY: Final = "otel.sdk.processor.span.queue.capacity"  # development
OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE: Final = "otel.sdk.processor.span.queue.size"  # development
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
SERVICE_INSTANCE_ID: Final = "service.instance.id"
SERVICE_NAME: Final = "service.name"
SERVICE_NAMESPACE: Final = "service.namespace"
SERVICE_VERSION: Final = "service.version"
URL_PATH: Final = "url.path"
URL_SCHEME: Final = "url.scheme"

# Ours begin with `loan.` or `auth.`, namespaces that the conventions don't use.
AUTH_KEY_ID: Final = "auth.key_id"
AUTH_REASON: Final = "auth.reason"
LOAN_APPLICATIONS: Final = "loan.applications"
LOAN_CURRENCY: Final = "loan.currency"
LOAN_ID: Final = "loan.id"
LOAN_SERVICE_THREADS_LIMIT: Final = "loan.service.threads.limit"
LOAN_SERVICE_WORKER_UP: Final = "loan_service_worker_up"  # at /metrics only, so it has Prometheus' own kind of name

# Events: the constant names of log lines.
EVENT_AUTH_DENIED: Final = "auth_denied"
EVENT_HTTP_REQUEST: Final = "http_request"
EVENT_LOAN_APPLICATION_SUBMITTED: Final = "loan_application_submitted"
EVENT_LOG_MESSAGE: Final = "log_message"
EVENT_LOG_SINK_FAILED: Final = "log_sink_failed"
EVENT_TELEMETRY_EXPORT_FAILING: Final = "telemetry_export_failing"
EVENT_WORKER_METRICS_NOT_KEPT: Final = "worker_metrics_not_kept"
EVENT_REQUEST_FAILED: Final = "request_failed"
EVENT_REQUEST_REFUSED: Final = "request_refused"

SERVICE: Final = "loan-service"
NAMESPACE: Final = "lending"

# Asked for every few seconds by machines; they would drown what people do.
PROBES: Final = frozenset({"/livez", "/readyz", "/health", "/metrics"})
