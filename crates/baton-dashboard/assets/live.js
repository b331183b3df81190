// @ts-check
// Keeps a page fresh: hears what happens, and asks for the part of the page that it touches, at most once a second.

import { Feed } from "./feed.js";
import { patch, tint } from "./patch.js";
import "./copy.js";
import "./table.js";

/** @typedef {import("./feed.js").Told} Told */

const EVERY = 1000;
const AGAIN = [2000, 5000, 15000, 30000];
const PAUSED = "baton-paused";

document.documentElement.classList.add("script");

const { feed: url = "", worker = "" } = document.body.dataset;

// The one place where text becomes nodes: what this gateway answers to this script, parsed apart from the page.
const trusted = /** @type {any} */ (window).trustedTypes;
const policy = trusted
  ? trusted.createPolicy("baton", {
      createHTML: (/** @type {string} */ html) => html,
      createScriptURL: (/** @type {string} */ script) => (script === worker ? script : ""),
    })
  : { createHTML: (/** @type {string} */ html) => html, createScriptURL: (/** @type {string} */ script) => script };

let etag = "";
let dirty = false;
let asking = false;
let failures = 0;
let timer = 0;
let last = 0;

const region = () => /** @type {HTMLElement} */ (document.getElementById("live"));
const isPaused = () => localStorage.getItem(PAUSED) === "1";

/** @param {string} word @param {string} state */
function say(word, state) {
  const feed = document.getElementById("feed");
  if (!feed || feed.textContent === word) return;
  feed.textContent = word;
  feed.className = `feed needs-script ${state}`;
}

/** @param {Told} told */
function hear(told) {
  if (isPaused()) return;
  if ("state" in told) {
    if (told.state === "live") { failures = 0; say("live", "live"); }
    else say(told.state === "away" ? "catching up" : "offline", told.state);
    if (told.state === "closed") later();
    return;
  }
  const { topics, tasks, counts, missed } = told.bundle;
  const { topics: wanted = "", task = "" } = region().dataset;
  if (counts) count(counts);
  const touched = topics.some((topic) => wanted.split(",").includes(topic));
  if (missed || (touched && (!task || tasks.includes(task)))) touch();
}

/** @param {Record<string, number>} counts */
function count(counts) {
  for (const element of document.querySelectorAll("[data-count]")) {
    const number = counts[/** @type {HTMLElement} */ (element).dataset.count || ""];
    if (number === undefined) continue;
    const text = String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
    if (element.textContent !== text) { element.textContent = text; tint(element); }
  }
}

/** Something on the page has changed. */
function touch() {
  dirty = true;
  if (timer || asking || document.hidden || !region().dataset.topics) return;
  timer = setTimeout(refresh, Math.max(0, last + EVERY - Date.now()));
}

async function refresh() {
  timer = 0;
  if (isPaused()) return;
  [dirty, asking, last] = [false, true, Date.now()];
  try {
    const headers = { "x-baton-live": "1", accept: "text/html", ...(etag ? { "if-none-match": etag } : {}) };
    const answer = await fetch(location.href, { headers, cache: "no-store", redirect: "manual" });
    // Somebody must log in again; the page itself says where.
    if (answer.type === "opaqueredirect") { location.reload(); return; }
    if (answer.status === 200) {
      etag = answer.headers.get("etag") || "";
      show(await answer.text());
    }
  } catch {
    say("offline", "closed");
  } finally {
    asking = false;
    if (dirty) touch();
  }
}

/** @param {string} html */
function show(html) {
  const next = new DOMParser().parseFromString(policy.createHTML(html), "text/html").getElementById("live");
  if (next && !isPaused()) patch(region(), next);
}

/** The stream was refused: the access token may be too old. A page renews it, and then the stream is asked for once more. */
function later() {
  const wait = AGAIN[Math.min(failures, AGAIN.length - 1)];
  failures += 1;
  setTimeout(async () => {
    if (isPaused()) return;
    await refresh();
    join();
  }, wait);
}

/** @type {MessagePort|null} */
let port = null;
const own = new Feed(hear);

function join() {
  if (isPaused() || !url) return;
  if (!("SharedWorker" in window)) {
    if (!document.hidden) own.open(url);
    return;
  }
  if (!port) {
    const shared = new SharedWorker(policy.createScriptURL(worker), { type: "module", name: "baton" });
    port = shared.port;
    port.onmessage = (message) => hear(message.data);
  }
  port.postMessage({ open: url });
}

function leave() {
  own.close();
  port?.postMessage({ close: true });
}

function paint() {
  const button = document.getElementById("pause");
  if (button) {
    button.textContent = isPaused() ? "Resume" : "Pause";
    button.setAttribute("aria-pressed", String(isPaused()));
  }
  if (isPaused()) say("paused", "");
}

function toggle() {
  localStorage.setItem(PAUSED, isPaused() ? "0" : "1");
  paint();
  if (isPaused()) leave();
  else { join(); touch(); }
}

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("#pause")) toggle();
});
document.addEventListener("baton:pause", toggle);
document.addEventListener("visibilitychange", () => {
  if (isPaused()) return;
  if (!("SharedWorker" in window)) { if (document.hidden) own.close(); else join(); }
  if (!document.hidden && dirty) touch();
});
window.addEventListener("pagehide", leave);
window.addEventListener("pageshow", (event) => { if (event.persisted) { join(); touch(); } });

paint();
join();
