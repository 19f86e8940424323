# SPDX-License-Identifier: Apache-2.0
"""/openapi.json, and /docs to browse it: Swagger UI from a package's files, without a CDN."""

from functools import cache
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, cast

from flask import Blueprint, Response, abort, current_app, json, request

from app import __version__
from app.api.openapi.document import build_document

bp = Blueprint("docs", __name__)
DOCUMENT: Final = "openapi_document"  # in app.extensions
OWN: Final = files("app.api.openapi") / "browsing"
PACKAGE: Final = files("flask_swagger_ui") / "dist"
ASSETS: Final[dict[str, tuple[Traversable, str]]] = {
    "initialize.js": (OWN, "text/javascript; charset=utf-8"),
    "swagger-ui-bundle.js": (PACKAGE, "text/javascript; charset=utf-8"),
    "swagger-ui.css": (PACKAGE, "text/css; charset=utf-8"),
    "favicon-32x32.png": (PACKAGE, "image/png"),
}
# Swagger UI sets styles element by element from its script, which needs no 'unsafe-inline'; its pictures are data URLs.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FOREVER: Final = "public, max-age=31536000, immutable"  # a year: the page requests each version under another address
ASK_AGAIN: Final = "no-cache"  # may be cached, but is revalidated by ETag: small, and changes with a release


@bp.get("/openapi.json")
def document() -> Response:
    """Show the OpenAPI document."""
    text = current_app.extensions.get(DOCUMENT)
    if text is None:  # built at first use, when all routes are there; twice by two threads does no harm
        built = build_document(current_app, __version__)
        text = current_app.extensions[DOCUMENT] = json.dumps(built, sort_keys=False)  # members in the order of models
    return _kept(text, "application/json")


@bp.get("/docs")
def page() -> Response:
    """Show the page that browses the document."""
    text = (OWN / "index.html").read_text(encoding="utf-8").replace("@version@", _version())
    return _kept(text, "text/html; charset=utf-8")


@bp.get("/docs/assets/<name>")
def asset(name: str) -> Response:
    """Show one of the page's files."""
    if name not in ASSETS:
        abort(HTTPStatus.NOT_FOUND)
    content_type = ASSETS[name][1]
    response = Response(_content(name), content_type=content_type)
    response.headers["Cache-Control"] = FOREVER
    return response


@bp.after_request
def protect(response: Response) -> Response:
    """Keep browsers from taking anything for what it is not, and from running anything that is not ours."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _kept(text: str, content_type: str) -> Response:
    response = Response(text, content_type=content_type)
    response.headers["Cache-Control"] = ASK_AGAIN
    response.add_etag()
    return cast("Response", response.make_conditional(request))


def _content(name: str) -> bytes:
    return (ASSETS[name][0] / name).read_bytes()


@cache
def _version() -> str:
    """Name what the files contain, so that browsers fetch them again when they change."""
    return sha256(b"".join(_content(name) for name in ASSETS)).hexdigest()[:12]
