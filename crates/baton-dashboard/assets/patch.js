// @ts-check
// Makes a part of the page look like a newer version of itself, and leaves alone what is the same: focus, selection, what is
// folded out and how far something is scrolled belong to whoever looks.

/** Elements with this attribute are the page's own. */
const KEEP = "data-keep";

/** @param {Element} from @param {Element} to */
export function patch(from, to) {
  if (from.hasAttribute(KEEP) || from.isEqualNode(to)) return;
  attributes(from, to);
  children(from, to);
}

/** @param {Element} from @param {Element} to */
function attributes(from, to) {
  for (const { name } of [...from.attributes]) {
    const opened = name === "open" && from.localName === "details";
    if (!opened && !to.hasAttribute(name)) from.removeAttribute(name);
  }
  for (const { name, value } of [...to.attributes]) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}

/** The property `id` of a form is its field of that name. @param {Node} node */
const idOf = (node) => (node instanceof Element && node.getAttribute("id")) || "";

/** @param {Element} from @param {Element} to */
function children(from, to) {
  const wanted = new Set([...to.children].map(idOf));
  /** @type {Map<string, Element>} */
  const known = new Map();
  for (const child of [...from.children]) {
    const id = idOf(child);
    if (!id) continue;
    if (wanted.has(id)) known.set(id, child);
    else remove(child);
  }
  let at = from.firstChild;
  for (const next of [...to.childNodes]) {
    const match = matching(next, at, known);
    // A list that is held still comes without the spaces between its rows: no row is moved for that.
    while (match instanceof Element && match !== at && at && isBlank(at)) at = passed(at);
    if (!match) {
      from.insertBefore(document.importNode(next, true), at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else from.insertBefore(match, at);
    if (match instanceof Element && next instanceof Element) patch(match, next);
    else if (match.nodeValue !== next.nodeValue) text(match, next.nodeValue);
  }
  while (at) at = passed(at);
}

/** @param {Node} node */
const isBlank = (node) => node instanceof Text && !node.data.trim();

/** It is gone; what follows it. @param {ChildNode} node */
function passed(node) {
  const rest = node.nextSibling;
  node.remove();
  return rest;
}

/** With the space before it: otherwise everything that follows would be one place off, and be moved. @param {Element} child */
function remove(child) {
  const before = child.previousSibling;
  if (before && isBlank(before)) passed(before);
  child.remove();
}

/** @param {Node} next @param {ChildNode|null} at @param {Map<string, Element>} known */
function matching(next, at, known) {
  const id = idOf(next);
  if (id) return known.get(id);
  return at && !idOf(at) && at.nodeName === next.nodeName ? at : undefined;
}

/** A number that changed is tinted once; that something grew older is no news. @param {Node} node @param {string|null} value */
function text(node, value) {
  node.nodeValue = value;
  const around = node.parentElement;
  if (around?.matches("b, .figure, .number:not(.age)")) tint(around);
}

/** @param {Element} element */
export function tint(element) {
  element.classList.remove("tinted");
  requestAnimationFrame(() => element.classList.add("tinted"));
}
