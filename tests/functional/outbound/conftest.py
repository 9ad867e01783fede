"""Servers to call, each in a thread, and systems that may call them."""

import datetime as dt
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from talatat.outbound.client import client


class Elsewhere:
    """A server of which each test says how it behaves; `asked` are the paths that were asked for."""

    def __init__(self, address="127.0.0.1", context=None):
        self.asked, self.release = [], threading.Event()
        self.behaviours = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                behaviour = outer.behaviours.get(self.path.partition("?")[0])
                if behaviour is not None:
                    behaviour(self)
                    return
                self.answer(b"hello from " + address.encode())

            do_POST = do_GET

            def answer(self, body=b"", status=200, **headers):
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request, address):
                pass  # clients that go are what is tested

        self.server = Server((address, 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.host, self.port = address, self.server.server_address[1]
        self.url = f"{'https' if context else 'http'}://{address}:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def on(self, path, behaviour):
        self.behaviours[path] = behaviour
        return self.url + path

    def stop(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def servers():
    """Starts servers: `servers("127.0.0.2")`."""
    started = []

    def start(*args, **kw):
        started.append(Elsewhere(*args, **kw))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def elsewhere(servers):
    return servers()


@pytest.fixture
def calling():
    """A client for what the entries allow: `calling("http://127.0.0.1:8080")`."""

    def make(*entries, **kw):
        platform = SimpleNamespace(outbound_allow=list(entries))
        return client(SimpleNamespace(settings=SimpleNamespace(platform=platform)), **kw)

    return make


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """(path of a certificate for localhost that signs itself, the context of a server that has it)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    own = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + own)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return path, context
