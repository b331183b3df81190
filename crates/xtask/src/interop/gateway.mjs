// What every script needs: the gateway, logins at it, and a line for each check.

import { basename } from "node:path";

const { env } = process;

export const URL_TEXT = env.BATON_URL;
export const USER = env.BATON_USER;
export const CLIENT = env.BATON_CLIENT;
export const CLIENT_SECRET = env.BATON_CLIENT_SECRET;
export const API_KEY = env.BATON_API_KEY;
export const AUDIENCE = "baton";

const library = basename(process.argv[1], ".mjs").replace("with_", "");

export async function check(what, run) {
  try {
    await run();
    console.log(`ok      ${library}: ${what}`);
  } catch (error) {
    console.log(`FAILED  ${library}: ${what}\n${error.stack}\n${error.cause ? JSON.stringify(error.cause) : ""}`);
    process.exitCode = 1;
  }
}

/** A pair of tokens, for this client. */
export async function login(client) {
  const body = { username: USER, password: env.BATON_PASSWORD, client_id: client };
  return ask("POST", "/auth/login", body);
}

export async function asAdmin(method, path, body) {
  return ask(method, path, body, { authorization: `Bearer ${API_KEY}` });
}

async function ask(method, path, body, headers = {}) {
  const json = body && { body: JSON.stringify(body), headers: { ...headers, "content-type": "application/json" } };
  const answer = await fetch(URL_TEXT + path, { method, headers, ...json });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** The status with which the gateway answers whoever shows this. */
export async function validated(token) {
  return (await fetch(`${URL_TEXT}/auth/validate`, { headers: { authorization: `Bearer ${token}` } })).status;
}
