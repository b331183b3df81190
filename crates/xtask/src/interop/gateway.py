"""What every script needs: the gateway, logins at it, and a line for each check."""

import os
import sys
import traceback

import requests

URL = os.environ["BATON_URL"]
KEYS = URL + "/.well-known/jwks.json"
METADATA = URL + "/.well-known/oauth-authorization-server"
USER = os.environ["BATON_USER"]
CLIENT, CLIENT_SECRET = os.environ["BATON_CLIENT"], os.environ["BATON_CLIENT_SECRET"]
API_KEY = os.environ["BATON_API_KEY"]
AUDIENCE = "baton"

failed = []


def check(what):
    """Runs the function that follows, at once."""

    def run(function):
        try:
            function()
        except Exception:
            failed.append(what)
            print(f"FAILED  {library()}: {what}\n{traceback.format_exc()}", flush=True)
        else:
            print(f"ok      {library()}: {what}", flush=True)

    return run


def finish():
    sys.exit(bool(failed))


def library():
    return os.path.basename(sys.argv[0]).removeprefix("with_").removesuffix(".py")


def login(client=None):
    """A pair of tokens, for this client."""
    body = {"username": USER, "password": os.environ["BATON_PASSWORD"]}
    return ask("POST", "/auth/login", json=body | ({"client_id": client} if client else {}))


def as_admin(method, path, **more):
    return ask(method, path, headers={"Authorization": f"Bearer {API_KEY}"}, **more)


def ask(method, path, **more):
    answer = requests.request(method, URL + path, timeout=10, **more)
    assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


def validated(token):
    """The status with which the gateway answers whoever shows this."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(URL + "/auth/validate", headers=headers, timeout=10).status_code
