// jose, with a remote set of keys that is read again when a token names one that is not in it.

import assert from "node:assert/strict";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { asAdmin, AUDIENCE, check, login, URL_TEXT, USER } from "./gateway.mjs";

const rules = { issuer: URL_TEXT, audience: AUDIENCE, typ: "at+jwt", algorithms: ["ES256"] };
// By default it would not read keys twice in 30 seconds.
const keys = createRemoteJWKSet(new URL(`${URL_TEXT}/.well-known/jwks.json`), { cooldownDuration: 0 });

await check("an access token verifies by the published keys", async () => {
  const { payload } = await jwtVerify((await login()).access_token, keys, rules);
  assert.equal(payload.sub, `user_${USER}`);
});

await check("a refresh token is no access token", async () => {
  await assert.rejects(jwtVerify((await login()).refresh_token, keys, rules));
});

await check("tokens verify after the signing key was changed", async () => {
  const { kid } = decodeProtectedHeader((await login()).access_token);
  await asAdmin("DELETE", `/auth/signing-keys/${kid}`);
  const token = (await login()).access_token;
  assert.notEqual(decodeProtectedHeader(token).kid, kid);
  await jwtVerify(token, keys, rules);
});
