"""Requests are sent only to a server with a valid certificate for its name.

The certificates are created with `openssl`, which `ca-certificates` depends on.
"""

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from bench.lookups import KEY, make_lookup_library
from bench.prepared_library import prepare_library

from segued.clients.clock import Clock
from segued.clients.http import open_session
from segued.clients.musicbrainz import MusicBrainz
from segued.clients.service_client import ServiceClient
from segued.config.config import Config, PinnedSettings
from segued.config.sections import FlavoringSection, LibrarySection, ServicesSection
from segued.errors import ServiceError
from segued.pipeline.one_shot import OneShotImport
from segued.store.reading import summaries
from tests.clients.conftest import LIMITS
from tests.fake_services import AnswersInMemory, FakeServices
from tests.fake_services.answers import musicbrainz_path
from tests.fake_services.client import ANSWERS, CD

KEYED = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
HEADERS = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"

REFUSED = "has an invalid TLS certificate"


def openssl(folder: Path, command: str) -> None:
    """Run openssl in a folder."""
    subprocess.run(["openssl", *command.split()], cwd=folder, check=True)


@pytest.fixture(name="certificates", scope="module")
def _certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create three for `localhost`: signed by a CA, expired, and self-signed."""
    folder = tmp_path_factory.mktemp("certificates")
    # Python 3.13 wants to know the key of the authority, and that it may sign.
    (folder / "names").write_text(
        "subjectAltName=DNS:localhost\n"
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    subject = "-subj /CN=localhost"
    authority = "-subj /CN=CA -addext keyUsage=critical,keyCertSign"
    openssl(folder, f"req -x509 {KEYED} -keyout ca.key -out ca.pem {authority}")
    openssl(folder, f"req {KEYED} -keyout key -out request {subject}")
    signed = "x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial"
    openssl(folder, f"{signed} -extfile names -days 2 -out good.pem")
    openssl(folder, f"{signed} -extfile names -days 0 -out expired.pem")
    openssl(folder, "x509 -req -in request -key key -extfile names -out self.pem")
    return folder


@dataclass
class TlsServers:
    """TLS servers by certificate, and the ones that received a request."""

    ports: dict[str, int]
    contacted: list[str]

    def url(self, certificate: str, host: str = "localhost") -> str:
        """Return the base URL of the server with a certificate."""
        return f"https://{host}:{self.ports[certificate]}"


@pytest.fixture(name="tls_servers")
async def _tls_servers(certificates: Path) -> AsyncIterator[TlsServers]:
    """Run a server for each certificate, all of which serve one release."""
    servers = TlsServers({}, [])
    async with AsyncExitStack() as stack:
        for name in ("good", "expired", "self"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates / f"{name}.pem", certificates / "key")
            server = await asyncio.start_server(
                _handler_for(servers, name), "127.0.0.1", 0, ssl=context
            )
            servers.ports[name] = server.sockets[0].getsockname()[1]
            await stack.enter_async_context(server)
        yield servers


def _handler_for(
    servers: TlsServers, name: str
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    body = (ANSWERS / musicbrainz_path("release", CD)).read_bytes()

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if await reader.readline():
            servers.contacted.append(name)
            writer.write(HEADERS % len(body) + body)
        writer.close()

    return answer


async def release_or_error(url: str) -> str:
    """Request a release; return a text for the outcome."""
    async with open_session(LIMITS, "1.2.3") as session:
        service = ServiceClient(
            "MusicBrainz",
            url,
            rate=LIMITS.musicbrainz_rate,
            session=session,
            clock=Clock(),
            limits=LIMITS,
        )
        try:
            found = await MusicBrainz(service).release(CD)
        except ServiceError as error:
            return f"{type(error).__name__}: {error.detail}"
        return "nothing" if found is None else "the release"


REQUEST_SCRIPT = """
import asyncio, sys
from tests.clients.test_tls import release_or_error
print(asyncio.run(release_or_error(sys.argv[1])))
"""


async def release_or_error_with_ca(certificates: Path, url: str) -> str:
    """Do the same in a process that trusts the CA."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        REQUEST_SCRIPT,
        url,
        env=os.environ
        | {
            "SSL_CERT_FILE": str(certificates / "ca.pem"),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        stdout=subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return out.decode().strip()


@pytest.mark.parametrize(
    ("certificate", "host", "outcome"),
    [
        pytest.param("good", "localhost", "the release", id="valid"),
        pytest.param("expired", "localhost", REFUSED, id="expired"),
        pytest.param("self", "localhost", REFUSED, id="self-signed"),
        pytest.param("good", "127.0.0.1", REFUSED, id="other name"),
    ],
)
async def test_only_a_valid_certificate_is_accepted(
    certificates: Path,
    tls_servers: TlsServers,
    certificate: str,
    host: str,
    outcome: str,
) -> None:
    """Other servers receive no request, and the error names the reason."""
    found = await release_or_error_with_ca(
        certificates, tls_servers.url(certificate, host)
    )

    assert found.removeprefix("ServiceUnavailableError: ") == outcome
    assert tls_servers.contacted == ([certificate] if outcome == "the release" else [])


async def test_certificate_error_defers_lookups(
    tls_servers: TlsServers, tmp_path: Path
) -> None:
    """Files are completed without an answer, and looked up later."""
    library = make_lookup_library(1)
    music, database = tmp_path / "music", tmp_path / "library.db"
    await prepare_library(music, database, library.songs)
    clock = Clock.scaled(50)
    fake_services = FakeServices(
        AnswersInMemory(library.answers), clock=clock.now, limits=False
    )

    async def run_import(musicbrainz_url: str) -> summaries.Summary:
        config = Config(
            library=LibrarySection(database=str(database)),
            flavoring=FlavoringSection(sources=()),
            settings=PinnedSettings(acoustid_api_key=KEY),
            services=ServicesSection(
                acoustid_url=fake_services.acoustid_url,
                musicbrainz_url=musicbrainz_url,
                contact="tests@example.org",
            ),
        )
        result = await OneShotImport(config, clock).run([bytes(music)], workers=2)
        assert result.state == "COMPLETED", result.error
        return summaries.summary(database)

    async with fake_services:
        before = await run_import(tls_servers.url("self"))
        after = await run_import(fake_services.musicbrainz_url)

    all_complete = {"INGEST COMPLETE": len(library.songs)}
    assert (before.files, after.files) == (all_complete, all_complete)
    assert before.waiting["musicbrainz"] == len(library.songs)
    assert "musicbrainz" not in after.waiting
    assert after.passages == {"High": len(library.songs)}
    assert tls_servers.contacted == []
