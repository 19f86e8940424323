// SPDX-License-Identifier: Apache-2.0
// Starts Swagger UI. A file, so that the page's policy can forbid scripts inside the page.
"use strict";

window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#page",
    deepLinking: true,
    persistAuthorization: false, // a key stays in the open page and is gone with it
    validatorUrl: null, // else documents are sent to a public validator
  });
});
