// openid-client: what most services in Node use. There is no OpenID here, so it is told to look for OAuth.

import assert from "node:assert/strict";
import * as client from "openid-client";
import { API_KEY, check, CLIENT, CLIENT_SECRET, login, URL_TEXT, USER } from "./gateway.mjs";

const plain = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
const discover = (id, secret) => client.discovery(new URL(URL_TEXT), id, secret, undefined, plain);
let config;

await check("it discovers the server", async () => {
  config = await discover(CLIENT, CLIENT_SECRET);
});

await check("it refreshes five times in a row", async () => {
  let { refresh_token } = await login(CLIENT);
  for (let turn = 0; turn < 5; turn += 1) {
    const next = await client.refreshTokenGrant(config, refresh_token);
    assert.notEqual(next.refresh_token, refresh_token);
    assert.ok(next.expiresIn() > 800);
    refresh_token = next.refresh_token;
  }
});

await check("a lost answer costs nothing: the previous token gets the same successor", async () => {
  const { refresh_token } = await login(CLIENT);
  const first = await client.refreshTokenGrant(config, refresh_token);
  const again = await client.refreshTokenGrant(config, refresh_token);
  assert.equal(again.refresh_token, first.refresh_token);
});

await check("it introspects and revokes", async () => {
  const { access_token, refresh_token } = await login(CLIENT);
  assert.equal((await client.tokenIntrospection(config, access_token)).sub, `user_${USER}`);
  await client.tokenRevocation(config, refresh_token);
  assert.deepEqual(await client.tokenIntrospection(config, access_token), { active: false });
});

await check("a read of what a token opens", async () => {
  const { access_token } = await login(CLIENT);
  const url = new URL(`${URL_TEXT}/auth/validate`);
  const answer = await client.fetchProtectedResource(config, access_token, url, "GET");
  assert.equal((await answer.json()).user_id, `user_${USER}`);
});

await check("an API key is exchanged for an access token", async () => {
  const robot = await discover(API_KEY.split("_")[1], API_KEY);
  const token = await client.clientCredentialsGrant(robot, { scope: "tasks:read" });
  assert.equal(token.scope, "tasks:read");
});
