"""PyJWT, whose PyJWKClient reads keys when it meets one that it does not know."""

import jwt

from gateway import AUDIENCE, KEYS, URL, USER, as_admin, check, finish, login

keys = jwt.PyJWKClient(KEYS)


def decode(token):
    key = keys.get_signing_key_from_jwt(token)
    require = ["iss", "aud", "sub", "exp", "iat", "jti", "client_id"]
    return jwt.decode(
        token, key, algorithms=["ES256"], audience=AUDIENCE, issuer=URL, options={"require": require}
    )


def kid_of(token):
    return jwt.get_unverified_header(token)["kid"]


@check("an access token verifies by the published keys")
def _():
    claims = decode(login()["access_token"])
    assert claims["sub"] == f"user_{USER}" and claims["client_id"] == "baton", claims


@check("a token for somebody else, or of another issuer, does not")
def _():
    token = login()["access_token"]
    key = keys.get_signing_key_from_jwt(token)
    for other in [{"audience": "other", "issuer": URL}, {"audience": AUDIENCE, "issuer": URL + "/"}]:
        try:
            jwt.decode(token, key, algorithms=["ES256"], **other)
        except jwt.InvalidTokenError:
            continue
        raise AssertionError(f"{other} was accepted")


@check("the next signing key is published before it signs")
def _():
    before = {key["kid"] for key in as_admin("GET", "/auth/signing-keys")["keys"]}
    as_admin("POST", "/auth/signing-keys/rotate", json={})
    published = {key.key_id for key in keys.get_jwk_set(refresh=True).keys}
    assert before < published, (before, published)
    token = login()["access_token"]
    assert kid_of(token) in before
    decode(token)


@check("a revoked signing key is gone, and a token of the next one makes it read the keys again")
def _():
    old = login()["access_token"]
    decode(old)
    as_admin("DELETE", f"/auth/signing-keys/{kid_of(old)}")
    new = login()["access_token"]
    assert kid_of(new) != kid_of(old)
    decode(new)
    try:
        jwt.PyJWKClient(KEYS).get_signing_key_from_jwt(old)
    except jwt.PyJWKClientError:
        return
    raise AssertionError("the old key is still published")


finish()
