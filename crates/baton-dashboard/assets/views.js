// @ts-check
// Views of the list of tasks that somebody wants to come back to: a name, and what stands behind the question mark of the
// address. They stay in this browser.

const KEY = "baton-views";
const MOST = 50;

/** @typedef {{name: string, search: string}} View */

/** What else is in the store is passed over. @returns {View[]} */
function views() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) || "[]");
    return kept.filter((/** @type {any} */ view) => typeof view?.name === "string" && /^(\?|$)/.test(view?.search));
  } catch {
    return [];
  }
}

/** @param {View[]} kept */
function keep(kept) {
  localStorage.setItem(KEY, JSON.stringify(kept.slice(0, MOST)));
  show();
}

/** @param {string} tag @param {string} text */
function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/** @param {View} view */
function row(view) {
  const [item, link, gone] = [element("li", ""), element("a", view.name), element("button", "×")];
  link.className = "chip";
  link.setAttribute("href", location.pathname + view.search);
  if (view.search === location.search) link.setAttribute("aria-current", "page");
  gone.className = "small";
  gone.setAttribute("type", "button");
  gone.setAttribute("aria-label", `Forget the view ${view.name}`);
  gone.addEventListener("click", () => keep(views().filter((other) => other.name !== view.name)));
  item.append(link, gone);
  return item;
}

function show() {
  document.getElementById("views-list")?.replaceChildren(...views().map(row));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.id !== "views-form") return;
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("view"));
  const name = field.value.trim();
  if (!name) return;
  keep([...views().filter((view) => view.name !== name), { name, search: location.search }]);
  field.value = "";
});
window.addEventListener("storage", (event) => { if (event.key === KEY) show(); });

show();
