// @ts-check
// Keys, and rows that are selected. No key does anything that cannot be taken back, none works while somebody types, and single
// ones can be turned off.

import { ask } from "./ask.js";
import { palette, sheet } from "./palette.js";

const GO_WITHIN = 1500;
let went = -Infinity;
/** @type {HTMLInputElement|null} */
let anchor = null;

/** Those that lead somewhere: a heading between rows does not. */
const rows = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".rows tbody tr")])
  .filter((row) => row.querySelector("a"));
/** @param {string} selector */
const one = (selector) => /** @type {HTMLAnchorElement|null} */ (document.querySelector(selector));
const current = () => document.activeElement?.closest(".rows tbody tr");

/** @param {number} by */
function move(by) {
  const all = rows();
  const here = current();
  const at = here ? all.indexOf(/** @type {HTMLElement} */ (here)) + by : by > 0 ? 0 : all.length - 1;
  /** @type {HTMLElement|null|undefined} */ (all[at]?.querySelector("a"))?.focus();
}

/** @param {boolean} many */
function select(many) {
  const box = /** @type {HTMLInputElement|null|undefined} */ (current()?.querySelector("input[type=checkbox]"));
  if (!box) return;
  box.checked = !box.checked;
  if (many) range(box);
  anchor = box;
}

/** All between the last box and this one become as this one is. @param {HTMLInputElement} box */
function range(box) {
  const boxes = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll(".rows tbody input[type=checkbox]")]);
  const [one, other] = [anchor ? boxes.indexOf(anchor) : -1, boxes.indexOf(box)];
  if (one < 0 || other < 0) return;
  boxes.slice(Math.min(one, other), Math.max(one, other) + 1).forEach((each) => { each.checked = box.checked; });
}

/** @param {string} key */
function go(key) {
  one(`nav a[data-key="${CSS.escape(key)}"]`)?.click();
}

/** Asks whether to do it: to those that are ticked, to the row where one is, or to the one thing of the page. @param {string} word */
function act(word) {
  const ticked = document.querySelector(".rows tbody input[name=id]:checked");
  const many = one(`main button[name=action][value=${word}]`);
  if (ticked) { many?.click(); return; }
  const link = /** @type {HTMLAnchorElement|null|undefined} */ (current()?.querySelector("a"));
  if (link && many) ask(`${link.href}/${word}`);
  else one(`main .head a[href$="/${word}"]`)?.click();
}

/** From a row to what it is about. @param {KeyboardEvent} event */
function open(event) {
  if (event.target instanceof Element && event.target.matches("a, button, summary")) return;
  // In a box of a form it would send that.
  event.preventDefault();
  /** @type {HTMLElement|null|undefined} */ (current()?.querySelector("a"))?.click();
}

/** From one thing to the list of its kind, and out of that. */
function back() {
  const list = one(".top nav a[aria-current]");
  if (list && list.pathname !== location.pathname) list.click();
  else one("main :focus")?.blur();
}

/** @type {[string, string][]} */
const SHEET = [
  ["/", "search"], ["Ctrl K", "palette"], ["?", "these keys"], ["j k", "next row, row before"], ["x", "tick the row"],
  ["Shift x", "tick all since the last one"], ["Enter", "open the row"], ["n", "show what waits"],
  ["r", "rerun, after a question"], ["c", "cancel, after a question"], ["p", "pause the page"], ["Esc", "out, or back"],
];

/** @type {Record<string, (event: KeyboardEvent) => void>} */
const KEYS = {
  "/": () => one("input[type=search]")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  n: () => one(".newer button")?.click(),
  x: () => select(false),
  X: () => select(true),
  r: () => act("rerun"),
  c: () => act("cancel"),
  "?": () => sheet(SHEET),
  Enter: open,
  Escape: back,
  p: () => document.dispatchEvent(new Event("baton:pause")),
};

document.addEventListener("keydown", (event) => {
  const target = event.target instanceof HTMLElement ? event.target : null;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); palette(); return; }
  if (document.documentElement.dataset.keys === "off" || document.querySelector("dialog[open]")) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (target?.matches("input:not([type=checkbox]), textarea, select")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (event.timeStamp - went < GO_WITHIN) {
    went = -Infinity;
    go(event.key);
    return;
  }
  if (event.key === "g") { went = event.timeStamp; return; }
  const known = KEYS[event.key];
  if (!known) return;
  if (event.key !== "Enter") event.preventDefault();
  known(event);
});

document.addEventListener("click", (event) => {
  const box = event.target;
  if (box instanceof Element && box.closest("#palette")) palette();
  if (!(box instanceof HTMLInputElement) || box.type !== "checkbox") return;
  if (box.matches("thead input")) {
    box.closest("table")?.querySelectorAll("tbody input[type=checkbox]").forEach((each) => {
      /** @type {HTMLInputElement} */ (each).checked = box.checked;
    });
    return;
  }
  if (event.shiftKey) range(box);
  anchor = box;
});
