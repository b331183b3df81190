// @ts-check
// Follows the log of a task. All of its lines are kept, and a window of them stands on the page, however many there are.

import { make } from "./trust.js";

const WINDOW = 300;
const STEP = 150;
const EVERY = 1000;
/** The gateway keeps no more. */
const KEPT = 10000;
const LEVELS = ["debug", "info", "warning", "error", "critical"];
/** As the gateway shows what would hide or turn something. */
const HIDDEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u061c]/g;

/** @typedef {{id: string, at: string, attempt: number, level: string, text: string}} Line */

/** @param {string} sign */
function sign(sign) {
  const code = sign.charCodeAt(0);
  return code < 32 ? String.fromCharCode(0x2400 + code) : `\u27e8${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
}

/** @param {Line} line */
const row = ({ id, at, attempt, level, text }) => make("li", { id: `line-${id}`, class: level },
  make("time", { datetime: at }, at.slice(11, 23)), make("span", { class: "quiet" }, String(attempt)),
  make("span", { class: "level" }, level), make("span", { class: "text" }, text.replace(HIDDEN, sign)));

/** @param {HTMLElement} box */
function follow(box) {
  /** @param {string} name */
  const tool = (name) => /** @type {any} */ (document.getElementById(`log-${name}`));
  const [search, attempt, follows, wrap, save, count] = ["search", "attempt", "follow", "wrap", "save", "count"].map(tool);
  const { from = "", least = "debug", task = "" } = box.dataset;
  /** @type {Line[]} */ const all = [];
  /** @type {Line[]} */ let fit = [];
  let top = 0;
  let asking = false;
  let ran = true;
  let was = "";
  const following = () => follows.getAttribute("aria-pressed") === "true";
  /** @param {Line} line */
  const fits = (line) => LEVELS.indexOf(line.level) >= LEVELS.indexOf(least)
    && (!attempt.value || String(line.attempt) === attempt.value)
    && line.text.toLowerCase().includes(search.value.toLowerCase());

  function draw() {
    if (following()) top = Math.max(0, fit.length - WINDOW);
    box.replaceChildren(...fit.slice(top, top + WINDOW).map(row));
    if (following()) box.scrollTop = box.scrollHeight;
  }
  const say = () => { count.textContent = all.length ? `${fit.length} of ${all.length} lines` : ""; };
  function choose() {
    fit = all.filter(fits);
    top = 0;
    draw();
    say();
  }

  /** @param {Line[]} lines */
  function take(lines) {
    all.push(...lines);
    fit.push(...lines.filter(fits));
    if (all.length > KEPT + STEP) {
      all.splice(0, all.length - KEPT);
      fit = all.filter(fits);
      top = Math.max(0, Math.min(top, fit.length - WINDOW));
    }
    for (const each of new Set(lines.map((line) => String(line.attempt)))) {
      if (![...attempt.options].some((option) => option.value === each)) attempt.append(make("option", { value: each }, `Attempt ${each}`));
    }
    if (following() || fit.length <= WINDOW) draw();
    say();
  }

  async function more() {
    const status = document.querySelector("main .head .status")?.className ?? "";
    const runs = status.includes("running");
    // It may have run and ended between two looks.
    const wanted = runs || ran || status !== was;
    if (!wanted || asking || document.hidden || localStorage.getItem("baton-paused") === "1") return;
    [asking, ran, was] = [true, runs, status];
    try {
      for (let full = true; full;) {
        const after = all.length ? `&after=${all[all.length - 1].id}` : "";
        const answer = await fetch(`${from}?limit=500${after}`, { headers: { accept: "application/json" } });
        if (!answer.ok) { ran = true; break; }
        const { logs } = await answer.json();
        if (all.length === 0) box.replaceChildren();
        take(logs);
        full = logs.length === 500;
      }
    } catch {
      ran = true;
    } finally {
      asking = false;
    }
  }

  /** Another window, so that what stands at the top of the box stays there. @param {number} next */
  function shift(next) {
    const rows = /** @type {HTMLElement[]} */ ([...box.children]);
    const at = Math.max(0, rows.findIndex((each) => each.offsetTop + each.offsetHeight > box.scrollTop + box.offsetTop));
    const off = rows[at].offsetTop - box.scrollTop;
    const place = top + at - next;
    top = next;
    draw();
    box.scrollTop = /** @type {HTMLElement} */ (box.children[place]).offsetTop - off;
  }
  box.addEventListener("scroll", () => {
    const rest = box.scrollHeight - box.clientHeight - box.scrollTop;
    if (following() && rest > 40) follows.setAttribute("aria-pressed", "false");
    if (following()) return;
    if (box.scrollTop < 40 && top > 0) shift(Math.max(0, top - STEP));
    else if (rest < 40 && top + WINDOW < fit.length) shift(Math.min(fit.length - WINDOW, top + STEP));
  });
  for (const button of [follows, wrap]) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      box.classList.toggle("unwrapped", wrap.getAttribute("aria-pressed") !== "true");
      if (following()) draw();
    });
  }
  search.addEventListener("input", choose);
  attempt.addEventListener("change", choose);
  save.addEventListener("click", () => {
    const text = all.map((line) => `${line.at} ${line.attempt} ${line.level} ${line.text}\n`);
    const link = make("a", { href: URL.createObjectURL(new Blob(text, { type: "text/plain" })), download: `${task}.log` });
    link.click();
    URL.revokeObjectURL(link.getAttribute("href") || "");
  });
  more();
  setInterval(more, EVERY);
}

const box = document.getElementById("log");
if (box) follow(box);
