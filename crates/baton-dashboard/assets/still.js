// @ts-check
// Stillness: while somebody points at a list, stands in it, has ticked some of it or has scrolled into it, no row comes, goes or
// moves. What changes in its rows is shown; how many new ones there are stands on a button, and they come when it is pressed or
// the list is left. Buttons for what is ticked are part of the list.

import { make } from "./trust.js";

const LISTS = ".rows tbody";
/** Shows what is held back. @type {(() => void)|null} */
let release = null;

const button = make("button", { type: "button" });
const box = make("div", { class: "newer", role: "status" });
document.body.append(box);

/** A form around a list belongs to it; a question about a row, and the button itself, are not somewhere else. */
const HELD = [":hover", ":focus-within", ":has(td input:checked)"].map((how) => `#live :is(form:has(${LISTS}), ${LISTS})${how}`)
  .concat("dialog[open]", ".newer :focus").join();

const busy = () => document.querySelector(HELD) !== null || [...document.querySelectorAll(`#live ${LISTS}:has(tr)`)]
  .some((list) => list.getBoundingClientRect().top < 0);

/** Takes out of a newer version what has to wait. @param {Element} now @param {Element} next @param {() => void} whole */
export function hold(now, next, whole) {
  const { fresh, moved } = busy() ? settle(now, next) : { fresh: 0, moved: false };
  release = moved ? whole : null;
  if (!moved) { box.replaceChildren(); return; }
  const says = fresh ? `${fresh} new` : "Show changes";
  if (button.textContent !== says) button.textContent = says;
  // Whoever stands on it stays there.
  if (!button.isConnected) box.append(button);
}

/** How many rows wait, and whether anything does. @param {Element} now @param {Element} next */
function settle(now, next) {
  const lists = [...now.querySelectorAll(LISTS)];
  const newer = [...next.querySelectorAll(LISTS)];
  let [fresh, moved] = [0, false];
  if (lists.length !== newer.length) return asItIs(now, next);
  lists.forEach((list, at) => {
    const rows = [...list.children];
    const others = new Map([...newer[at].children].map((row) => [row.id, row]));
    if (others.has("") || rows.some((row) => !row.id)) return;
    const known = new Set(rows.map((row) => row.id));
    fresh += [...others.keys()].filter((id) => !known.has(id)).length;
    const kept = rows.map((row) => others.get(row.id) ?? gone(row));
    const asIs = newer[at].children.length === kept.length && [...newer[at].children].every((row, place) => row === kept[place]);
    moved = moved || !asIs;
    newer[at].replaceChildren(...kept);
  });
  return { fresh, moved };
}

/** A list comes or goes: all stays as it is. @param {Element} now @param {Element} next */
function asItIs(now, next) {
  const copy = gone(now);
  for (const row of copy.querySelectorAll(".rows tr[id]")) row.classList.toggle("gone", !next.querySelector(`#${CSS.escape(row.id)}`));
  next.querySelector("main")?.replaceWith(copy.querySelector("main") ?? "");
  return { fresh: 0, moved: true };
}

/** It is no longer of this list. @param {Element} row */
function gone(row) {
  const copy = /** @type {Element} */ (row.cloneNode(true));
  copy.classList.add("gone");
  return copy;
}

/** Whoever stood on a row that went stands on the one beside it. */
function flush() {
  const show = release;
  const row = document.activeElement?.closest("tr");
  const near = row?.nextElementSibling ?? row?.previousElementSibling;
  release = null;
  box.replaceChildren();
  show?.();
  if (row && !row.isConnected) near?.querySelector("a")?.focus();
}

const left = () => { if (release && !busy()) flush(); };
// What somebody did has been done by then.
for (const done of ["pointerover", "click", "keyup", "focusout"]) document.addEventListener(done, () => setTimeout(left));
document.addEventListener("scroll", left, { passive: true });
button.addEventListener("click", () => {
  // It goes away; from here the key Tab leads into the list.
  if (document.activeElement === button) document.getElementById("main")?.focus();
  window.scrollTo(0, 0);
  flush();
});
