// @ts-check
// The palette: one field from which one gets everywhere. And the sheet of keys.

import { make } from "./trust.js";

/** @typedef {{text: string, go: string|(() => void)}} Item */

const MOST = 12;
const root = (document.body.dataset.feed || "").replace(/\/api\/v1\/events$/, "");
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
/** Kind of thing -> the member of its list that names it. */
const THINGS = { queues: "name", workers: "id", flows: "id" };

/** Pages, and what can be done on this one. @returns {Item[]} */
function here() {
  const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".top nav a, .foot a, main .spans a, main .head .buttons a, main .head .buttons button")]);
  return all.map((each) => ({ text: (each.textContent || "").trim(), go: () => each.click() }));
}

/** What the gateway has. @param {Item[]} items @param {() => void} draw */
function fetched(items, draw) {
  Object.entries(THINGS).forEach(async ([things, name]) => {
    if (!document.querySelector(`.top nav a[href="${root}/ui/${things}"]`)) return;
    const answer = await fetch(`${root}/api/v1/${things}?limit=200`, { headers: { accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return;
    for (const thing of (await answer.json())[things]) {
      const text = `${things.slice(0, -1)} ${thing.name ?? ""} ${name === "id" ? thing.id : ""}`.trim();
      items.push({ text, go: `${root}/ui/${things}/${encodeURIComponent(thing[name])}` });
    }
    draw();
  });
}

/** @param {Item[]} items @param {string} typed @returns {Item[]} */
function fitting(items, typed) {
  const wanted = typed.trim().toLowerCase();
  const fit = items.filter(({ text }) => text.toLowerCase().includes(wanted));
  const search = { text: `Search tasks for ${typed.trim()}`, go: `${root}/ui/tasks?q=${encodeURIComponent(typed.trim())}` };
  const task = { text: `Task ${wanted}`, go: `${root}/ui/tasks/${wanted}` };
  return [...(ID.test(wanted) ? [task] : []), ...fit.slice(0, MOST), ...(wanted ? [search] : [])];
}

/** @param {string} name @param {string} title @param {...Node} children */
function dialog(name, title, ...children) {
  const box = /** @type {HTMLDialogElement} */ (make("dialog", { class: name, "aria-label": title }, ...children));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  return box;
}

export function palette() {
  if (document.querySelector("dialog[open]")) return;
  const field = /** @type {HTMLInputElement} */ (make("input", {
    role: "combobox", "aria-label": "Go to", "aria-expanded": "true", "aria-controls": "found", "aria-autocomplete": "list",
    autocomplete: "off", autocapitalize: "none", spellcheck: "false", placeholder: "A page, a queue, a worker, the id of a task",
  }));
  const list = make("ul", { id: "found", role: "listbox", "aria-label": "Found" });
  const box = dialog("palette", "Palette", field, list);
  const items = here();
  /** @type {Item[]} */ let shown = [];
  let at = 0;
  const draw = () => {
    shown = fitting(items, field.value);
    at = Math.max(0, Math.min(at, shown.length - 1));
    list.replaceChildren(...shown.map(({ text }, place) =>
      make("li", { id: `found-${place}`, role: "option", "aria-selected": String(place === at) }, text)));
    field.setAttribute("aria-activedescendant", `found-${at}`);
    document.getElementById(`found-${at}`)?.scrollIntoView({ block: "nearest" });
  };
  const choose = () => {
    const go = shown[at]?.go;
    if (!go) return;
    // Closed it would be gone a moment later, and nothing is asked over a dialog.
    box.remove();
    if (typeof go === "string") location.assign(go);
    else go();
  };
  field.addEventListener("input", () => { at = 0; draw(); });
  field.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { at += by; draw(); } else if (event.key === "Enter") choose(); else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => {
    at = [...list.children].indexOf(/** @type {Element} */ (event.target));
    choose();
  });
  fetched(items, draw);
  draw();
}

/** @param {[string, string][]} keys */
export function sheet(keys) {
  if (document.querySelector("dialog[open]")) return;
  const places = [...document.querySelectorAll(".top nav a[data-key]")]
    .map((link) => /** @type {[string, string]} */ ([`g ${link.getAttribute("data-key")}`, link.textContent || ""]));
  const rows = [...keys, ...places].flatMap(([key, means]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, means)]);
  const close = make("button", { type: "button" }, "Close");
  const box = dialog("sheet", "Keys", make("h2", {}, "Keys"), make("dl", { class: "pairs" }, ...rows), close);
  close.addEventListener("click", () => box.close());
}
