// @ts-check
// Stillness: while somebody points at a list, or has scrolled into it, no row comes, goes or moves. What changes in its rows is
// shown; how many new ones there are stands on a button, and they come when it is pressed or the list is left.

import { make } from "./trust.js";

const LISTS = ".rows tbody";
/** Shows what is held back. @type {(() => void)|null} */
let release = null;

const button = make("button", { type: "button" });
const box = make("div", { class: "newer", role: "status" });
document.body.append(box);

const busy = () => [...document.querySelectorAll(`#live ${LISTS}`)]
  .some((list) => list.matches(":hover") || (list.children.length > 0 && list.getBoundingClientRect().top < 0));

/** Takes out of a newer version what has to wait. @param {Element} now @param {Element} next @param {() => void} whole */
export function hold(now, next, whole) {
  const { fresh, moved } = busy() ? settle(now, next) : { fresh: 0, moved: false };
  release = moved ? whole : null;
  button.textContent = `${fresh} new`;
  box.replaceChildren(...(fresh ? [button] : []));
}

/** How many rows wait, and whether anything does. @param {Element} now @param {Element} next */
function settle(now, next) {
  const lists = [...now.querySelectorAll(LISTS)];
  const newer = [...next.querySelectorAll(LISTS)];
  let [fresh, moved] = [0, false];
  if (lists.length !== newer.length) return { fresh, moved };
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

/** It is no longer of this list. @param {Element} row */
function gone(row) {
  const copy = /** @type {Element} */ (row.cloneNode(true));
  copy.classList.add("gone");
  return copy;
}

function flush() {
  const show = release;
  release = null;
  box.replaceChildren();
  show?.();
}

const left = () => { if (release && !busy()) flush(); };
document.addEventListener("pointerover", left);
document.addEventListener("scroll", left, { passive: true });
button.addEventListener("click", () => {
  window.scrollTo(0, 0);
  flush();
});
