// Judges the page that it is run in: what would be missed by somebody who cannot see, point or tell colours apart? It is put
// there by the tests alone. Names are judged by the accessibility tree of the browser, elsewhere.
const found = [];
const say = (what, element) => found.push(`${what}: ${element?.outerHTML?.replace(/\s+/g, " ").slice(0, 200) ?? ""}`);
const all = (selector) => [...document.querySelectorAll(selector)];
const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".unseen");

if (!document.documentElement.lang) say("no language");
if (!document.title.trim()) say("no title");
const one = (selector) => { const count = all(selector).length; if (count !== 1) say(`${count} of ${selector}`); };
["h1", "main", "body > header, body > div > header"].forEach(one);
let level = 0;
for (const heading of all("h1, h2, h3, h4, h5, h6").filter((each) => each.checkVisibility())) {
  const next = Number(heading.localName[1]);
  if (next > level + 1) say("a heading that leaves a level out", heading);
  level = next;
}

const ids = new Map();
for (const element of all("[id]")) {
  const id = element.getAttribute("id");
  if (ids.has(id)) say("an id that is there twice", element);
  ids.set(id, element);
}
for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "for", "data-copy"]) {
  for (const element of all(`[${name}]`)) {
    const missing = element.getAttribute(name).split(/\s+/).filter((id) => !ids.has(id));
    if (missing.length) say(`${name} leads nowhere`, element);
  }
}
const navs = all("nav").map((nav) => nav.getAttribute("aria-label"));
if (navs.some((name) => !name) || new Set(navs).size < navs.length) say(`navigations need names of their own, not ${navs}`);

// In the head of a table they are those of columns, as the tree of the browser says, too.
for (const cell of all("tbody th, tr:first-child:last-child th, table > tr th")) if (!cell.scope && !cell.closest("thead")) say("a heading of a table without scope", cell);
for (const table of all("table")) if (!table.querySelector("th")) say("a table without headings", table);
for (const svg of all("svg")) {
  const named = svg.getAttribute("role") && (svg.hasAttribute("aria-label") || svg.hasAttribute("aria-labelledby"));
  if (!named && !svg.closest("[aria-hidden=true]")) say("a drawing that is neither named nor hidden", svg);
}
for (const element of all("[tabindex]")) if (element.tabIndex > 0) say("an order of its own", element);
for (const element of all("[style], style, [onclick], marquee, blink")) say("not for a page", element);

// Targets: 24 by 24, or so far apart that circles of that size around them touch nothing, or words of a sentence.
const targets = all("a[href], button, input:not([type=hidden]), select, textarea, summary").filter(seen)
  .filter((each) => !each.matches(".skip"))
  .map((element) => ({ element, box: element.getBoundingClientRect() }))
  .filter(({ box }) => box.width && box.height);
const small = ({ box }) => box.width < 23.5 || box.height < 23.5;
const middle = ({ box }) => [box.x + box.width / 2, box.y + box.height / 2];
const inText = ({ element }) => {
  const around = element.parentElement;
  const words = [...around.childNodes].filter((node) => node !== element && node.nodeType === 3 && node.data.trim().length > 1);
  return getComputedStyle(element).display === "inline" && words.length > 0;
};
function far(one, other) {
  const [x, y] = middle(one);
  if (small(other)) { const [u, v] = middle(other); return Math.hypot(x - u, y - v) >= 23.5; }
  const { box } = other;
  return Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom)) >= 11.75;
}
for (const target of targets.filter(small)) {
  if (inText(target)) continue;
  const near = targets.find((other) => other !== target && !far(target, other));
  if (near) say(`too small (${Math.round(target.box.width)} by ${Math.round(target.box.height)}) so near to ${near.element.outerHTML.slice(0, 80)}`, target.element);
}

// Contrast, of every text that is seen, to what is behind it.
const parse = (colour) => {
  const parts = colour.match(/[\d.]+%?/g)?.map(Number) ?? [0, 0, 0, 0];
  const scale = colour.startsWith("color(") ? 255 : 1;
  return { rgb: parts.slice(0, 3).map((part) => part * scale), alpha: parts[3] ?? 1 };
};
const over = (top, below) => top.rgb.map((part, at) => part * top.alpha + below[at] * (1 - top.alpha));
function behind(element) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const layer = parse(getComputedStyle(at).backgroundColor);
    if (layer.alpha > 0) layers.push(layer);
    if (layer.alpha === 1) break;
  }
  return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
}
const light = (rgb) => rgb.map((part) => part / 255)
  .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
function contrast(one, other) {
  const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}
function readable(element, style, what) {
  const below = behind(element);
  const ink = parse(element.closest("svg") ? style.fill : style.color);
  const ratio = contrast(over(ink, below), below);
  const size = parseFloat(style.fontSize);
  const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  if (ratio < least) say(`${what} with a contrast of ${ratio.toFixed(2)}`, element);
}
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const judged = new Set();
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || judged.has(element) || !element.checkVisibility({ visibilityProperty: true })) continue;
  if (element.closest("script, noscript, title, desc, :disabled")) continue;
  judged.add(element);
  readable(element, getComputedStyle(element), "text");
}
for (const field of all("[placeholder]").filter(seen)) readable(field, getComputedStyle(field, "::placeholder"), "a placeholder");

return found;
