"""The files of the authority, and the TLS contexts that use them."""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from segued.errors import ConfigError

__all__ = [
    "AuthorityFiles",
    "home_context",
    "load_revoked",
    "node_context",
    "node_name",
]


@dataclass(frozen=True, slots=True)
class AuthorityFiles:
    """The files in the folder of an authority."""

    folder: Path

    @property
    def key(self) -> Path:
        """The key of the authority, which signs all certificates."""
        return self.folder / "authority.key"

    @property
    def certificate(self) -> Path:
        """The certificate of the authority."""
        return self.folder / "authority.pem"

    @property
    def home(self) -> Path:
        """The key and the certificate of the daemon."""
        return self.folder / "home.pem"

    @property
    def revoked(self) -> Path:
        """The list of revoked certificates."""
        return self.folder / "revoked.pem"

    def node(self, name: str) -> Path:
        """The certificate of a node, without its key."""
        return self.folder / "nodes" / f"{name}.pem"

    def names(self) -> list[str]:
        """Return the names of the nodes whose keys are valid, in order."""
        return sorted(path.stem for path in (self.folder / "nodes").glob("*.pem"))

    def create_folders(self) -> None:
        """Create the folders, for the owner of the folder that they are in.

        Raises:
            OSError: One cannot be created.
        """
        for folder in (self.folder, self.folder / "nodes"):
            if not folder.is_dir():
                folder.mkdir(mode=0o700, parents=True)
                self._give(folder)

    def write(self, path: Path, content: bytes) -> None:
        """Write one of the files, which only its owner may read.

        Raises:
            OSError: It cannot be written; what was there is unchanged.
        """
        partial = path.with_name(f".{path.name}")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        self._give(partial)
        partial.replace(path)

    def _give(self, path: Path) -> None:
        """Give a new file to the account of the library, if root created it."""
        if os.geteuid() == 0:
            above = self.folder.parent.stat()
            os.chown(path, above.st_uid, above.st_gid)


def home_context(folder: Path) -> ssl.SSLContext:
    """Return the TLS context of the daemon: only unrevoked nodes can connect.

    Raises:
        ConfigError: The files of the authority cannot be used.
    """
    files = AuthorityFiles(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(files.home)
        context.load_verify_locations(files.certificate)
        load_revoked(context, folder)
    except OSError as error:
        raise ConfigError(f"{folder}: the keys cannot be used: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def load_revoked(context: ssl.SSLContext, folder: Path) -> None:
    """Load the list of revoked certificates, also into a context that is in use.

    Raises:
        OSError: It cannot be read.
    """
    context.load_verify_locations(AuthorityFiles(folder).revoked)


def node_context(key_file: Path) -> ssl.SSLContext:
    """Return the TLS context of a node: it connects to its own daemon only.

    Args:
        key_file: What `segued cluster key` wrote: the node's key and certificate, and
            the authority's certificate.

    Raises:
        ConfigError: The file cannot be read, or is something else.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The name that the daemon is reached by is nowhere certified; only the daemon has a
    # certificate for servers.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_cert_chain(key_file)
        context.load_verify_locations(key_file)
    except ssl.SSLError as error:
        raise ConfigError(
            f"{key_file}: this is not what `segued cluster key` writes: {error.reason}"
        ) from error
    except OSError as error:
        raise ConfigError(f"{key_file}: cannot be read: {error.strerror}") from error
    return context


def node_name(key_file: Path) -> str:
    """Return the name that a node's certificate states.

    Raises:
        ConfigError: The file has no certificate.
    """
    try:
        # Python's own parser for tests: the only one without another library.
        found = ssl._ssl._test_decode_cert(str(key_file))  # type: ignore[attr-defined] # noqa: SLF001
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{key_file}: there is no certificate in it") from error
    names = (str(value) for ((key, value),) in found["subject"] if key == "commonName")
    return next(names)
