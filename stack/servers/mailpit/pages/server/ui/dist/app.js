// SPDX-License-Identifier: Apache-2.0
// What a Mailpit that is built here shows to a browser: its Go module carries no compiled pages (see stack/compile.py).
// Mailpit's own HTML loads this file at two kinds of addresses: / lists the mails, /view/ID shows one.
"use strict";

const MAILS = 50;
const REFRESH_MS = 5000; // Alertmanager waits group_wait (5 s) before it sends, so the list is hardly later than the mail
const ADDRESS = /(https?:\/\/[^\s,]*[^\s,.;:!?)\]])/; // a full stop or a bracket at its end belongs to the sentence
const SPECIAL = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

const app = document.getElementById("app");
const root = app.dataset.webroot;

// Subjects, texts and addresses come from outside: no character of theirs may become markup.
const escape = (text) => String(text).replace(/[&<>"']/g, (character) => SPECIAL[character]);

const link = (address, text = address) => `<a href="${escape(address)}">${escape(text)}</a>`;

// Split by a pattern in brackets: every second part is an address.
const linked = (text) => text.split(ADDRESS).map((part, place) => (place % 2 ? link(part) : escape(part))).join("");

const recipients = (mail) => escape((mail.To || []).map((recipient) => recipient.Address).join(", "));

const time = (text) => escape(new Date(text).toLocaleString());

async function json(path) {
  const answer = await fetch(`${root}api/v1/${path}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function row(mail) {
  const subject = link(`${root}view/${encodeURIComponent(mail.ID)}`, mail.Subject || "(no subject)");
  return `<tr><td>${time(mail.Created)}</td><td>${subject}</td><td>${recipients(mail)}</td></tr>`;
}

async function list() {
  const [box, ui] = await Promise.all([json(`messages?limit=${MAILS}`), json("webui")]);
  const none = '<tr><td colspan="3">No mail yet: an alert sends one when it fires and one when it is resolved.</td></tr>';
  return `<h1>Mails of the alerts</h1>
    <p>${linked(ui.Label)}</p>
    <table><thead><tr><th>Received</th><th>Subject</th><th>To</th></tr></thead>
      <tbody>${box.messages.map(row).join("") || none}</tbody></table>
    <p>${box.messages.length} of ${box.total} mails, the latest first. This Mailpit was built from its Go module, which carries
      no web pages; its ${link(`${root}api/v1/messages`, "API")} is whole, and the image in docker-compose.yml has its own pages.</p>`;
}

async function message(id) {
  const mail = await json(`message/${encodeURIComponent(id)}`);
  return `<p>${link(root, "All mails")}</p>
    <h1>${escape(mail.Subject)}</h1>
    <p>${time(mail.Date)}, to ${recipients(mail)}</p>
    <pre>${linked(mail.Text)}</pre>`;
}

async function show() {
  const [, id] = /\/view\/([^/]+)$/.exec(location.pathname) || [];
  try {
    app.innerHTML = await (id ? message(id) : list());
  } catch (error) {
    app.textContent = `Mailpit's API: ${error.message}`;
  }
}

show();
setInterval(show, REFRESH_MS);
