"""joserfc, which keeps closely to the RFCs."""

import json

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from gateway import AUDIENCE, KEYS, URL, ask, check, finish, login, validated

published = ask("GET", KEYS.removeprefix(URL))
keys = KeySet.import_key_set(published)


@check("an access token verifies, and is of the type of RFC 9068")
def _():
    token = jwt.decode(login()["access_token"], keys, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt", token.header
    rules = {name: {"essential": True} for name in ["sub", "exp", "iat", "jti", "client_id", "scope"]}
    rules |= {"iss": {"essential": True, "value": URL}, "aud": {"essential": True, "value": AUDIENCE}}
    jwt.JWTClaimsRegistry(leeway=0, **rules).validate(token.claims)


@check("the name of a key is its thumbprint, and nothing private is published")
def _():
    for key, written in zip(keys.keys, published["keys"], strict=True):
        assert key.thumbprint() == written["kid"], written
        assert written["use"] == "sig" and written["alg"] == "ES256", written
        assert not {"d", "p", "q", "k"} & written.keys(), json.dumps(written)


@check("the gateway refuses what another key signed under our name, and what nobody signed")
def _():
    token = login()["access_token"]
    good = jwt.decode(token, keys, algorithms=["ES256"])
    forged = jwt.encode(good.header, good.claims, ECKey.generate_key("P-256"))
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + token.split(".")[1] + "."
    assert (validated(token), validated(forged), validated(unsigned)) == (200, 401, 401)


finish()
