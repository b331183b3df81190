// @ts-check
// Keeps a page fresh: hears what happens, and asks for the part of the page that it touches, at most once a second.

import { Feed } from "./feed.js";
import { patch, tint } from "./patch.js";
import { hold } from "./still.js";
import { parse, workerScript } from "./trust.js";
import "./copy.js";
import "./log.js";
import "./table.js";
import "./views.js";

/** @typedef {import("./feed.js").Told} Told */

const EVERY = 1000;
/** So long the gateway gives the same answer to all: asked later than this after an event, it knows of it. */
const SETTLE = 260;
/** The first wait after a failure, in ms, and the longest: each is twice the one before, and up to half of it is left to chance. */
const AGAIN = 2000;
const AGAIN_MAX = 30000;
/** A page on which nothing happens is asked for this often all the same: what stands on it grows older. */
const OLDER = 15000;
const PAUSED = "baton-paused";

document.documentElement.classList.add("script");
if (document.querySelector("svg.drawing:not(.small)")) import("./graph.js");

const { feed: url = "" } = document.body.dataset;

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
  const { topics, tasks, queues, counts, missed } = told.bundle;
  const { topics: wanted = "", task = "", queue = "", flow = "" } = region().dataset;
  if (counts) count(counts);
  const touched = topics.some((topic) => wanted.split(",").includes(topic));
  const isOne = (!task || tasks.includes(task)) && (!queue || queues.includes(queue)) && (!flow || tasks.some((id) => isOf(id, flow)));
  // What happens to workers concerns whatever they run.
  if (missed || (touched && (topics.includes("workers") || isOne))) touch();
}

/** The id of a task of a flow is that of the flow, but for six digits. @param {string} id @param {string} flow */
const isOf = (id, flow) => id.slice(0, 27) === flow.slice(0, 27) && id.slice(33) === flow.slice(33);

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
  timer = setTimeout(refresh, Math.max(SETTLE, last + EVERY - Date.now()));
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
    answered = answer.status === 200 || answer.status === 304 || !region().dataset.topics;
    if (answer.status === 200) {
      const html = await answer.text();
      etag = answer.headers.get("etag") || "";
      // What was answered to a form is not what its address answers: it stays as it is.
      if (region().dataset.topics) show(html);
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

/** @param {string} html @param {boolean} [all] and nothing is held back */
function show(html, all = false) {
  const next = parse(html).getElementById("live");
  if (!next || isPaused()) return;
  if (!all) hold(region(), next, () => show(html, true));
  const here = /** @type {HTMLElement|null} */ (document.activeElement);
  patch(region(), next);
  // A row that took another place took it without whoever stands on it.
  if (here?.isConnected && here !== document.activeElement) here.focus({ preventScroll: true });
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
    const shared = new SharedWorker(workerScript(), { type: "module", name: "baton" });
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
// The address is another one now: what it asks for is shown at once.
document.addEventListener("baton:moved", () => { clearTimeout(timer); [timer, last] = [0, 0]; touch(); });
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
