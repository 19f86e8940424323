# SPDX-License-Identifier: Apache-2.0
"""A certification authority of one's own, with a certificate for a server on loopback and one for a client."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stack.ports import HOST


@dataclass(frozen=True)
class Certificates:
    """Files in one folder, in PEM."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The certificate that vouches for the others."""
        return self.folder / "ca.pem"

    def certificate(self, name: str) -> Path:
        """Return the certificate of the server or the client."""
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        """Return the private key of the server or the client."""
        return self.folder / f"{name}.key"

    def server_context(self, *, client_needed: bool = False) -> ssl.SSLContext:
        """Return a server's TLS context; it may require a client's certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate("server"), self.key("server"))
        if client_needed:
            context.load_verify_locations(self.authority)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def issue(folder: Path) -> Certificates:
    """Make the authority and both certificates with the openssl command; they are valid for a day."""
    folder.mkdir(parents=True, exist_ok=True)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
    _openssl(folder, "req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test authority")
    for name in ("server", "client"):
        extension = ["-addext", f"subjectAltName=IP:{HOST}", "-addext", "basicConstraints=critical,CA:FALSE"]
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem", "-CA", "ca.pem", "-CAkey", "ca.key"]
        _openssl(folder, "req", "-x509", *curve, *files, "-subj", f"/CN={name}", *extension)
    return Certificates(folder)


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
