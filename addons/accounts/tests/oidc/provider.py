"""A real OpenID provider on a port of this machine: it does what the standard says, until a test says otherwise.

It checks what clients send (redirect URI, PKCE, client authentication, codes that count once), so that a
client that forgets something does not get in. `on(path, behaviour)` replaces an endpoint, `lie` changes the
claims of ID tokens, `sign` how they are signed.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "talatat", "a secret of the client"


def half_hash(text):
    """`at_hash` for algorithms with SHA-256."""
    digest = hashlib.sha256(text.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class IdentityProvider:
    """One provider; `asked` lists (method, path) of what it was asked for."""

    def __init__(self):
        self.first_key = RSAKey.generate_key(2048, {"kid": "one"})
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                path = urlsplit(self.path).path
                outer.asked.append((self.command, path))
                behaviour = outer.behaviours.get(path) or outer.endpoints.get(path)
                if behaviour is None:
                    self.answer({"error": "not_found"}, 404)
                else:
                    behaviour(self)

            do_POST = do_GET

            def query(self):
                return dict(parse_qsl(urlsplit(self.path).query))

            def form(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                return {name: values[0] for name, values in parse_qs(body.decode()).items()}

            def answer(self, document=None, status=200, body=None, **headers):
                body = json.dumps(document).encode() if body is None else body
                self.send_response(status)
                found = {"Content-Type": "application/json", "Content-Length": str(len(body))}
                for name, value in {**found, **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass  # a client that has gone

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        self.endpoints = {
            "/.well-known/openid-configuration": lambda h: h.answer(self.configuration()),
            "/authorize": self.authorize,
            "/token": self.token,
            "/jwks": lambda h: h.answer(
                {"keys": [key.as_dict(private=False) for key in self.keys]}
            ),
            "/userinfo": self.userinfo,
        }
        self.reset()

    def reset(self):
        """As on the first day."""
        self.released = getattr(self, "released", threading.Event())
        self.released.set()
        self.released = threading.Event()
        self.asked, self.behaviours, self.codes, self.access = [], {}, {}, {}
        self.keys = [self.first_key]
        self.person = {"sub": "u-1", "preferred_username": "kim", "name": "Kim K."}
        self.told_in_token = None  # claims of the ID token; all
        self.lie = lambda claims: claims
        self.sign = self.signed
        self.announced = {}
        self.answered = lambda parameters: parameters
        self.clock = 0
        self.last_authorization = {}
        self.asks_anew = True

    def stop(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def on(self, path, behaviour):
        self.behaviours[path] = behaviour

    def hang(self, path):
        """Take the request, and say nothing until the test is over."""
        released = self.released
        self.on(path, lambda handler: released.wait(30))

    def configuration(self):
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "end_session_endpoint": f"{self.url}/logout",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            **self.announced,
        }

    def authorize(self, handler):
        """Whoever comes is `person`, and is sent back at once."""
        asked = handler.query()
        self.last_authorization = asked
        wrong = [
            asked.get("response_type") != "code",
            asked.get("client_id") != CLIENT,
            "openid" not in asked.get("scope", "").split(),
            asked.get("code_challenge_method") != "S256",
            not asked.get("nonce"),
            not urlsplit(asked.get("redirect_uri", "")).path.endswith("/callback"),
        ]
        if any(wrong):
            handler.answer({"error": "invalid_request", "wrong": wrong}, 400)
            return
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "person": dict(self.person)}
        found = {"code": code, "state": asked["state"], "iss": self.url}
        query = urlencode(self.answered(found))
        handler.answer({}, 302, Location=f"{asked['redirect_uri']}?{query}")

    def token(self, handler):
        form = handler.form()
        begun = self.codes.pop(form.get("code"), None)  # a code counts once
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        if self.client_of(handler, form) != (CLIENT, SECRET):
            handler.answer({"error": "invalid_client"}, 401)
        elif (
            begun is None
            or begun["redirect_uri"] != form.get("redirect_uri")
            or begun["code_challenge"] != challenge
            or form.get("grant_type") != "authorization_code"
        ):
            handler.answer({"error": "invalid_grant"}, 400)
        else:
            access_token = secrets.token_urlsafe(16)
            self.access[access_token] = begun["person"]
            id_token = self.sign(self.lie(self.claims(begun, access_token)))
            handler.answer(
                {"access_token": access_token, "token_type": "Bearer", "id_token": id_token},
                Cache_Control="no-store",
            )

    @staticmethod
    def client_of(handler, form):
        given = handler.headers.get("Authorization", "")
        if given.startswith("Basic "):
            name, _, secret = base64.b64decode(given[6:]).decode().partition(":")
            return unquote(name), secret
        return form.get("client_id"), form.get("client_secret")

    def claims(self, begun, access_token):
        now = int(time.time()) + self.clock
        person = begun["person"]
        if self.told_in_token is not None:
            person = {name: person[name] for name in self.told_in_token}
        if "max_age" in begun and self.asks_anew:
            person = {**person, "auth_time": now}
        return {
            "iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": begun["nonce"],
            "at_hash": half_hash(access_token), **person,
        }  # fmt: skip

    def signed(self, claims, key=None, **header):
        key = key or self.keys[0]
        header = {"alg": "RS256", "kid": key.kid, **header}
        return jwt.encode(header, claims, key, algorithms=[header["alg"]])

    def userinfo(self, handler):
        token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.access:
            handler.answer({"error": "invalid_token"}, 401)
        else:
            handler.answer(self.access[token])
