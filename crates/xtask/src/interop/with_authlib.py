"""Authlib: a whole OAuth client."""

import threading
import time

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from gateway import API_KEY, CLIENT, CLIENT_SECRET, URL, USER, check, finish, login, validated

AT_ONCE = 8

metadata = AuthorizationServerMetadata(requests.get(get_well_known_url(URL, external=True), timeout=10).json())


def session(token, method="client_secret_basic", **more):
    endpoint = metadata["token_endpoint"]
    return OAuth2Session(
        CLIENT, CLIENT_SECRET, token=token, token_endpoint=endpoint, token_endpoint_auth_method=method, **more
    )


def expired(token):
    return token | {"expires_at": int(time.time()) - 60}


@check("the metadata is valid")
def _():
    assert metadata["issuer"] == URL
    for name in metadata.REGISTRY_KEYS:
        # It wants at least one, and without an authorization endpoint there is none.
        if name != "response_types_supported":
            getattr(metadata, f"validate_{name}")()
    assert metadata["response_types_supported"] == []


@check("it refreshes, with its secret in the header and in the body")
def _():
    for method in ["client_secret_basic", "client_secret_post"]:
        before = login(CLIENT)
        client = session(before, method)
        after = client.refresh_token(metadata["token_endpoint"])
        assert after["refresh_token"] != before["refresh_token"]
        assert client.get(URL + "/auth/validate").json()["user_id"] == f"user_{USER}"


@check(f"{AT_ONCE} threads that meet an expired token at once all go on, and so does the session")
def _():
    answers, kept = [], []
    client = session(expired(login(CLIENT)), update_token=lambda token, **_: kept.append(token))
    ready = threading.Barrier(AT_ONCE)

    def work():
        ready.wait()
        answers.append(client.get(URL + "/auth/validate").status_code)

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert answers == [200] * AT_ONCE, answers
    assert len({token["refresh_token"] for token in kept}) == 1, "they hold different tokens"
    assert client.refresh_token(metadata["token_endpoint"])["access_token"]


@check("it introspects, revokes, and sees that the session is over")
def _():
    token = login(CLIENT)
    client = session(token)
    endpoint = metadata["introspection_endpoint"]
    seen = client.introspect_token(endpoint, token=token["access_token"]).json()
    assert seen["active"] and seen["sub"] == f"user_{USER}" and seen["client_id"] == CLIENT, seen
    revoked = client.revoke_token(
        metadata["revocation_endpoint"], token=token["refresh_token"], token_type_hint="refresh_token"
    )
    assert revoked.status_code == 200, revoked.text
    assert client.introspect_token(endpoint, token=token["refresh_token"]).json() == {"active": False}
    assert client.introspect_token(endpoint, token=token["access_token"]).json() == {"active": False}
    assert validated(token["access_token"]) == 401


@check("an API key is exchanged for an access token")
def _():
    client = OAuth2Session(API_KEY.split("_")[1], API_KEY)
    token = client.fetch_token(metadata["token_endpoint"], grant_type="client_credentials", scope="tasks:read")
    assert token["scope"] == "tasks:read" and "refresh_token" not in token, token.keys()
    assert validated(token["access_token"]) == 200


finish()
