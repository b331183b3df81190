"""python-jose: old, and still in many services."""

from jose import JWTError, jwt

from gateway import AUDIENCE, KEYS, URL, USER, ask, check, finish, login

keys = ask("GET", KEYS.removeprefix(URL))


@check("an access token verifies by the published keys")
def _():
    claims = jwt.decode(login()["access_token"], keys, algorithms=["ES256"], audience=AUDIENCE, issuer=URL)
    assert claims["sub"] == f"user_{USER}", claims


@check("a changed token does not")
def _():
    header, _, signature = login()["access_token"].split(".")
    claims = login()["access_token"].split(".")[1]
    try:
        jwt.decode(f"{header}.{claims}.{signature}", keys, algorithms=["ES256"], audience=AUDIENCE)
    except JWTError:
        return
    raise AssertionError("it was accepted")


finish()
