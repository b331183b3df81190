"""The gateway that one writes first: FastAPI, redis.asyncio, PyJWT. A refresh reads its token, deletes it and stores the
next one, in three round trips; whoever comes between the first and the second is let in as well.

It takes the same requests as ours, and hashes passwords at the same cost.
"""

import asyncio
import os
import time
import uuid

import argon2
import jwt
import redis.asyncio as redis
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel

SECRET = "0123456789abcdef0123456789abcdef"
WEEK = 7 * 24 * 3600

app = FastAPI()
store = redis.from_url(os.environ["NAIVE_REDIS_URL"], decode_responses=True)
hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
password_hash = hasher.hash(os.environ["NAIVE_PASSWORD"])


class Login(BaseModel):
    username: str
    password: str


class Refresh(BaseModel):
    refresh_token: str


@app.post("/auth/login")
async def login(body: Login):
    try:
        await asyncio.to_thread(hasher.verify, password_hash, body.password)
    except argon2.exceptions.VerifyMismatchError:
        raise HTTPException(401, "Invalid credentials")
    return await pair(body.username)


@app.post("/auth/refresh")
async def refresh(body: Refresh):
    key = "refresh:" + claims(body.refresh_token, "refresh")["jti"]
    user = await store.get(key)
    if user is None:
        raise HTTPException(401, "Invalid or expired refresh token")
    await store.delete(key)
    return await pair(user)


@app.get("/auth/validate")
async def validate(authorization: str = Header()):
    found = claims(authorization.removeprefix("Bearer "), "access")
    return {"valid": True, "user_id": found["sub"], "expires_at": found["exp"]}


def claims(token, kind):
    try:
        found = jwt.decode(token, SECRET, algorithms=["HS256"])
    except jwt.PyJWTError:
        raise HTTPException(401, "Invalid or expired token")
    if found["type"] != kind:
        raise HTTPException(401, "Invalid or expired token")
    return found


async def pair(user):
    now, jti = int(time.time()), str(uuid.uuid4())
    access = {"sub": user, "type": "access", "iat": now, "exp": now + 900}
    refresh = {"sub": user, "type": "refresh", "iat": now, "exp": now + WEEK, "jti": jti}
    await store.set(f"refresh:{jti}", user, ex=WEEK)
    return {
        "access_token": jwt.encode(access, SECRET, algorithm="HS256"),
        "refresh_token": jwt.encode(refresh, SECRET, algorithm="HS256"),
        "token_type": "bearer",
        "expires_in": 900,
    }
