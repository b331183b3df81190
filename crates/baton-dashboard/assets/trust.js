// @ts-check
// The one place where text becomes nodes: what this gateway answers to its own scripts, parsed apart from the page.

const { worker = "" } = document.body.dataset;
const trusted = /** @type {any} */ (window).trustedTypes;
const policy = trusted
  ? trusted.createPolicy("baton", {
      createHTML: (/** @type {string} */ html) => html,
      createScriptURL: (/** @type {string} */ script) => (script === worker ? script : ""),
    })
  : { createHTML: (/** @type {string} */ html) => html, createScriptURL: (/** @type {string} */ script) => script };

/** @param {string} html @returns {Document} */
export const parse = (html) => new DOMParser().parseFromString(policy.createHTML(html), "text/html");

/** The script of the worker that tabs share. */
export const workerScript = () => policy.createScriptURL(worker);

/** @param {string} name @param {Record<string, string>} [attributes] @param {...(Node|string)} children */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
