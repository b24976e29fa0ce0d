"""Certifies the daemon and its nodes; the only importer of `cryptography`.

A certificate of this authority is what lets a machine join, and what tells a node that
it has reached its daemon: node certificates cannot be used by a server. A revoked one
is in the list that the daemon checks at each connection.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from segued.cluster.key_files import AuthorityFiles
from segued.errors import ConfigError

__all__ = ["DAYS", "Authority"]

DAYS: Final = 3_650
"""How long a node's certificate is valid unless something else is wanted."""

LONG_DAYS: Final = 36_500
"""How long the authority, the daemon's certificate and the list of revoked ones are."""

NAME_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")

CLOCK_SKEW: Final = timedelta(days=1)
"""A certificate is valid from this long ago on, for machines whose clock is behind."""


class Authority:
    """The authority of one library, in a folder of its own; created when it is used."""

    def __init__(self, folder: Path) -> None:
        self._files: Final = AuthorityFiles(folder)

    def prepare(self) -> None:
        """Create the authority and the daemon's certificate, if there is none.

        Raises:
            ConfigError: The folder cannot be written, or what is in it cannot be read.
        """
        with self._opened():
            pass

    def issue(self, name: str, days: int = DAYS) -> bytes:
        """Return the key file of a new node: its key, its certificate, the authority's.

        Args:
            name: The name of the node.
            days: How long the certificate is valid.

        Raises:
            ConfigError: The name is invalid or has a key already, or the folder of
                the authority cannot be used.
        """
        if NAME_PATTERN.fullmatch(name) is None:
            raise ConfigError(
                f"{name!r} is no name for a node: it may have letters, digits, dots,"
                " dashes and underscores, at most 63, and begins with a letter or digit"
            )
        with self._opened() as (key, certificate):
            if self._files.node(name).exists():
                raise ConfigError(
                    f"{name} has a key already: segued cluster revoke {name} makes it"
                    " invalid, then make another one"
                )
            usage = [ExtendedKeyUsageOID.CLIENT_AUTH]
            secret, issued = _certify(name, usage, (key, certificate), days)
            self._files.write(self._files.node(name), _pem(issued))
        return _secret_pem(secret) + _pem(issued) + _pem(certificate)

    def revoke(self, name: str) -> None:
        """Make the key of a node invalid, for good; another one may get its name.

        Raises:
            ConfigError: No node of this name has a key, or the folder of the authority
                cannot be used.
        """
        with self._opened() as (key, certificate):
            path = self._files.node(name)
            if NAME_PATTERN.fullmatch(name) is None or not path.exists():
                names = ", ".join(self._files.names()) or "no node has one"
                raise ConfigError(f"there is no key of {name}: {names}")
            revoked = x509.load_pem_x509_certificate(path.read_bytes())
            stored = x509.load_pem_x509_crl(self._files.revoked.read_bytes())
            entries = [*stored, _revocation(revoked)]
            # Of two lists, the later one is in force; a time is in whole seconds.
            after = stored.last_update_utc + timedelta(seconds=1)
            text = _revocation_list(key, certificate, entries, after)
            self._files.write(self._files.revoked, text)
            path.unlink()

    @contextmanager
    def _opened(self) -> Iterator[tuple[ec.EllipticCurvePrivateKey, x509.Certificate]]:
        """Yield the authority's key and certificate; nobody else changes it meanwhile.

        The daemon may run as another account than this command: new files belong to the
        owner of the folder above.
        """
        files = self._files
        try:
            files.create_folders()
            descriptor = os.open(files.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if not files.key.exists():
                    self._create()
                key = load_pem_private_key(files.key.read_bytes(), None)
                certificate = x509.load_pem_x509_certificate(
                    files.certificate.read_bytes()
                )
                if not isinstance(key, ec.EllipticCurvePrivateKey):
                    raise ConfigError(f"{files.key}: this is no key of segued")
                yield key, certificate
            finally:
                os.close(descriptor)
        except OSError as error:
            where = error.filename or files.folder
            raise ConfigError(f"{where}: {error.strerror or error}") from error
        except ValueError as error:
            raise ConfigError(f"{files.folder}: a key is damaged: {error}") from error

    def _create(self) -> None:
        """Write a new authority; its key last, which says that all is there."""
        files = self._files
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("segued authority")
        builder = _builder(name, name, key, LONG_DAYS)
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        ).add_extension(usage, critical=True)
        certificate = builder.sign(key, hashes.SHA256())
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        secret, issued = _certify("segued", usages, (key, certificate), LONG_DAYS)
        files.write(files.certificate, _pem(certificate))
        files.write(files.home, _secret_pem(secret) + _pem(issued))
        files.write(files.revoked, _revocation_list(key, certificate))
        files.write(files.key, _secret_pem(key))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    days: int,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, now + timedelta(days=days)) - CLOCK_SKEW)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
    )


def _certify(
    name: str,
    usages: list[x509.ObjectIdentifier],
    authority: tuple[ec.EllipticCurvePrivateKey, x509.Certificate],
    days: int,
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return a new key and its certificate."""
    signing_key, signing = authority
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        signing_key.public_key()
    )
    builder = (
        _builder(_name(name), signing.subject, key, days)
        .add_extension(identifier, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name.replace("_", "-"))]),
            critical=False,
        )
    )
    return key, builder.sign(signing_key, hashes.SHA256())


def _revocation(certificate: x509.Certificate) -> x509.RevokedCertificate:
    return (
        x509.RevokedCertificateBuilder()
        .serial_number(certificate.serial_number)
        .revocation_date(datetime.now(UTC))
        .build()
    )


def _revocation_list(
    key: ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    entries: Sequence[x509.RevokedCertificate] = (),
    after: datetime | None = None,
) -> bytes:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificate.subject)
        .last_update(max(now - CLOCK_SKEW, after or now - CLOCK_SKEW))
        .next_update(now + timedelta(days=LONG_DAYS))
        .add_extension(x509.CRLNumber(len(entries)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()),
            critical=False,
        )
    )
    for each in entries:
        builder = builder.add_revoked_certificate(each)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _secret_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
