// @ts-check
// Keeps a page fresh: hears what happens, and asks for the part of the page that it touches, at most once a second.

import { Feed } from "./feed.js";
import { patch, tint } from "./patch.js";
import "./copy.js";
import "./table.js";

/** @typedef {import("./feed.js").Told} Told */

const EVERY = 1000;
/** The first wait after a failure, in ms, and the longest: each is twice the one before, and up to half of it is left to chance. */
const AGAIN = 2000;
const AGAIN_MAX = 30000;
/** A page on which nothing happens is asked for this often all the same: what stands on it grows older. */
const OLDER = 15000;
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
/** Whether the stream is there. */
let streaming = false;
/** Whether the last question for the page had an answer that it can use. */
let answered = true;
let failures = 0;
/** The next question for the page. */
let timer = 0;
/** The next try after a failure, of the page or of the stream: there is never more than one. */
let retry = 0;
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
    streaming = told.state === "live";
    if (streaming && answered) well();
    else say(told.state === "closed" ? "offline" : "catching up", told.state === "closed" ? "closed" : "away");
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
  if (timer || retry || asking || isPaused() || document.hidden || !region().dataset.topics) return;
  timer = setTimeout(refresh, Math.max(0, last + EVERY - Date.now()));
}

async function refresh() {
  clearTimeout(timer);
  timer = 0;
  if (isPaused() || asking) return;
  [dirty, asking, last] = [false, true, Date.now()];
  try {
    const headers = { "x-baton-live": "1", accept: "text/html", ...(etag ? { "if-none-match": etag } : {}) };
    const answer = await fetch(location.href, { headers, cache: "no-store", redirect: "manual" });
    // Somebody must log in again; the page itself says where.
    if (answer.type === "opaqueredirect") { location.reload(); return; }
    answered = answer.status === 200 || answer.status === 304;
    if (answer.status === 200) {
      const html = await answer.text();
      etag = answer.headers.get("etag") || "";
      show(html);
    }
  } catch {
    answered = false;
  } finally {
    asking = false;
  }
  judge();
}

/** What follows from an answer, or from none: what was asked for is still wanted. */
function judge() {
  if (!answered) dirty = true;
  if (isPaused()) return;
  if (!answered) {
    say(streaming ? "catching up" : "offline", streaming ? "away" : "closed");
    later();
  } else if (streaming) well();
  if (dirty) touch();
}

/** All is as it should be. */
function well() {
  clearTimeout(retry);
  retry = 0;
  failures = 0;
  say("live", "live");
}

/** @param {string} html */
function show(html) {
  const next = new DOMParser().parseFromString(policy.createHTML(html), "text/html").getElementById("live");
  if (next && !isPaused()) patch(region(), next);
}

/**
 * Tries again after a while. A stream is refused where the access token is too old: the page renews it, and then the stream is
 * asked for once more. All tabs hear of a refusal, and each of them waits for a time of its own.
 */
function later() {
  if (retry || isPaused()) return;
  const most = Math.min(AGAIN_MAX, AGAIN * 2 ** failures);
  failures += 1;
  retry = setTimeout(async () => {
    retry = 0;
    await refresh();
    if (!streaming) join();
  }, most * (0.5 + Math.random() / 2));
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
  clearTimeout(retry);
  clearTimeout(timer);
  [retry, timer, streaming] = [0, 0, false];
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
  turned();
}

/** The switch is another way now, here or in another tab. */
function turned() {
  paint();
  if (isPaused()) leave();
  else { join(); touch(); }
}

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("#pause")) toggle();
});
document.addEventListener("baton:pause", toggle);
window.addEventListener("storage", (event) => { if (event.key === PAUSED || event.key === null) turned(); });
document.addEventListener("visibilitychange", () => {
  if (isPaused()) return;
  if (!("SharedWorker" in window)) { if (document.hidden) leave(); else join(); }
  if (!document.hidden && dirty) touch();
});
window.addEventListener("pagehide", leave);
window.addEventListener("pageshow", (event) => { if (event.persisted) { join(); touch(); } });

setInterval(touch, OLDER);

paint();
join();
