"""requests-oauthlib, which refreshes when a token has expired."""

from requests_oauthlib import OAuth2Session

from gateway import CLIENT, CLIENT_SECRET, METADATA, URL, USER, ask, check, finish, login

endpoint = ask("GET", METADATA.removeprefix(URL))["token_endpoint"]
client_of_it = {"client_id": CLIENT, "client_secret": CLIENT_SECRET}


@check("an expired token is refreshed, and the next one kept")
def _():
    kept = []
    before = login(CLIENT)
    client = OAuth2Session(
        CLIENT,
        token=before | {"expires_in": -60},
        auto_refresh_url=endpoint,
        auto_refresh_kwargs=client_of_it,
        token_updater=kept.append,
    )
    assert client.get(URL + "/auth/validate").json()["user_id"] == f"user_{USER}"
    assert len(kept) == 1 and kept[0]["refresh_token"] != before["refresh_token"]


@check("it refreshes ten times in a row")
def _():
    client = OAuth2Session(CLIENT, token=login(CLIENT))
    seen = {client.refresh_token(endpoint, **client_of_it)["refresh_token"] for _ in range(10)}
    assert len(seen) == 10


finish()
