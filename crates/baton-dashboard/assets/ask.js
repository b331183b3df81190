// @ts-check
// Asks in a dialog what a page asks where there is no script. It is the same page: the section that asks stands in the dialog.

import { make, parse } from "./trust.js";

/** @param {string} url */
async function section(url) {
  try {
    const headers = { accept: "text/html", "x-baton-live": "1" };
    const answer = await fetch(url, { headers, cache: "no-store", redirect: "error" });
    const asking = answer.ok ? parse(await answer.text()).querySelector("main section[data-ask]") : null;
    return asking?.querySelector("form") ? asking : null;
  } catch {
    return null;
  }
}

/** Whatever does not ask is gone to. @param {string} url */
export async function ask(url) {
  const asking = await section(url);
  if (!asking) { location.assign(url); return; }
  if (document.querySelector("dialog[open]")) return;
  const words = asking.querySelector("h1")?.childNodes ?? [];
  asking.querySelector("h1")?.replaceWith(make("h2", { id: "ask-title" }, ...words));
  const dialog = /** @type {HTMLDialogElement} */ (make("dialog", { "aria-labelledby": "ask-title" }, ...asking.childNodes));
  // Pressed twice, Enter does nothing that cannot be taken back.
  dialog.querySelector("a.button")?.setAttribute("autofocus", "");
  dialog.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("a.button")) { event.preventDefault(); dialog.close(); }
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0 && !event.defaultPrevented;
  const link = event.target instanceof Element ? event.target.closest("main a[data-asks]") : null;
  if (!plain || !(link instanceof HTMLAnchorElement) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  ask(link.href);
});

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  // Its property of that name is its button of that name.
  const action = form.getAttribute("action") || "";
  if (!action.endsWith("/ui/actions") || form.getAttribute("method") !== "get") return;
  event.preventDefault();
  const said = /** @type {any} */ (new FormData(form, event.submitter));
  ask(`${action}?${new URLSearchParams(said)}`);
});
