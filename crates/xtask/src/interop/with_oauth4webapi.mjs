// oauth4webapi, which checks answers strictly. TLS is the one thing that it is told to do without.

import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import { API_KEY, AUDIENCE, check, CLIENT, CLIENT_SECRET, login, URL_TEXT, USER, validated } from "./gateway.mjs";

const plain = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(URL_TEXT);
const client = { client_id: CLIENT };
const basic = oauth.ClientSecretBasic(CLIENT_SECRET);
const post = oauth.ClientSecretPost(CLIENT_SECRET);
let server;

await check("it discovers the server by RFC 8414", async () => {
  // As a URL the issuer ends in a slash, and as a text it must not.
  const found = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...plain });
  server = await oauth.processDiscoveryResponse(issuer, found);
});

async function refresh(token, auth) {
  const answer = await oauth.refreshTokenGrantRequest(server, client, auth, token, plain);
  return oauth.processRefreshTokenResponse(server, client, answer);
}

async function introspect(token) {
  const answer = await oauth.introspectionRequest(server, client, basic, token, plain);
  return oauth.processIntrospectionResponse(server, client, answer);
}

await check("it refreshes, with its secret in the header and in the body", async () => {
  let token = (await login(CLIENT)).refresh_token;
  for (const auth of [basic, post, basic]) {
    const next = await refresh(token, auth);
    assert.notEqual(next.refresh_token, token);
    assert.equal(next.token_type, "bearer");
    token = next.refresh_token;
  }
});

await check("a wrong secret and a wrong token are refused in the words of RFC 6749", async () => {
  const token = (await login(CLIENT)).refresh_token;
  // To a wrong secret in the header, a challenge belongs; the library tells it apart.
  await assert.rejects(refresh(token, oauth.ClientSecretBasic("wrong")), oauth.WWWAuthenticateChallengeError);
  await assert.rejects(refresh("btr_wrong", basic), (error) => error.error === "invalid_grant" && error.status === 400);
  await refresh(token, basic);
});

await check("access tokens are what RFC 9068 says", async () => {
  const { access_token } = await login(CLIENT);
  const headers = { authorization: `Bearer ${access_token}` };
  const claims = await oauth.validateJwtAccessToken(server, new Request(URL_TEXT, { headers }), AUDIENCE, plain);
  assert.equal(claims.sub, `user_${USER}`);
  assert.equal(claims.client_id, CLIENT);
});

await check("it introspects, revokes, and sees that the session is over", async () => {
  const { access_token, refresh_token } = await login(CLIENT);
  const seen = await introspect(access_token);
  assert.ok(seen.active && seen.sub === `user_${USER}` && seen.scope.includes("tasks:read"));
  assert.equal((await introspect(refresh_token)).active, true);
  const revoked = await oauth.revocationRequest(server, client, basic, access_token, plain);
  await oauth.processRevocationResponse(revoked);
  for (const token of [access_token, refresh_token]) assert.deepEqual(await introspect(token), { active: false });
  assert.equal(await validated(access_token), 401);
});

await check("whoever has an API key that may introspect needs no client", async () => {
  const { access_token } = await login(CLIENT);
  const body = new URLSearchParams({ token: access_token });
  const headers = { authorization: `Bearer ${API_KEY}` };
  const answer = await fetch(server.introspection_endpoint, { method: "POST", headers, body });
  assert.equal(answer.status, 200, await answer.clone().text());
  assert.equal((await answer.json()).active, true);
});

await check("an API key is exchanged for an access token", async () => {
  const key = { client_id: API_KEY.split("_")[1] };
  const scope = new URLSearchParams({ scope: "tasks:read" });
  for (const auth of [oauth.ClientSecretBasic(API_KEY), oauth.ClientSecretPost(API_KEY)]) {
    const answer = await oauth.clientCredentialsGrantRequest(server, key, auth, scope, plain);
    const token = await oauth.processClientCredentialsResponse(server, key, answer);
    assert.equal(token.scope, "tasks:read");
    assert.equal(await validated(token.access_token), 200);
  }
});
