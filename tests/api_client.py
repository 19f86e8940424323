# SPDX-License-Identifier: Apache-2.0
"""A client of the service with the usual headers, so that tests contain only what is special about them."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from app.access import DEV_SECRETS


class ApiClient(FlaskClient):
    """Sends a key's secret, and with each POST an Idempotency-Key of its own, unless the test sends or omits them."""

    key_id = "officer"

    def open(self, *arguments: Any, omit: tuple[str, ...] = (), **more: Any) -> TestResponse:  # noqa: ANN401  # as the base
        """Send a request; `omit` names the headers to leave out."""
        headers = Headers(more.pop("headers", None))
        for name, value in self._usual(str(more.get("method", "GET"))).items():
            if name not in headers and name not in omit:
                headers[name] = value
        return super().open(*arguments, headers=headers, **more)

    def _usual(self, method: str) -> Mapping[str, str]:
        usual = {"Authorization": f"Bearer {DEV_SECRETS[self.key_id]}"}
        return usual | {"Idempotency-Key": str(uuid4())} if method == "POST" else usual


def client_of(app: Any, key_id: str) -> ApiClient:  # noqa: ANN401  # a Flask app
    """Give a client that sends the secret of a dev key."""
    app.test_client_class = ApiClient
    client: ApiClient = app.test_client()
    client.key_id = key_id
    return client
