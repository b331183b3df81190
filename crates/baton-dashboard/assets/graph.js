// The graph of a flow under one's hands: pan, zoom, find, follow what runs, go from node to node. Where nodes stand is the server's;
// what changes of them while tasks go their ways comes as one letter each, and is a class, a mark and a word here.

const STATUS = { s: "scheduled", b: "blocked", p: "pending", r: "running", c: "completed", f: "failed", t: "timeout", x: "cancelled" };
const EDGE = { o: "open", h: "held", c: "closed" };
const [WIDE, HIGH] = [160, 40];
/** Larger than this at first, so that names can be read. */
const LEGIBLE = 0.62;
/** A drawing that is too small for a map is kept whole, unless it would be smaller than this. */
const WHOLE = 0.4;

const [canvas, svg, states] = ["[data-graph]", "svg.drawing", "#graph-states"].map((each) => document.querySelector(each));
const edges = [...svg.querySelectorAll(".edge")];
const nodes = [...svg.querySelectorAll("a.node")].map((link, at) => {
  // One stop for the key Tab; from there, arrows.
  link.tabIndex = at ? -1 : 0;
  return { link, x: +link.dataset.x + WIDE / 2, y: +link.dataset.y + HIGH / 2, status: link.classList[1], near: [[], []] };
});
for (const edge of edges) {
  const [parent, child] = edge.dataset.ends.split(" ");
  nodes[parent].near[1].push(+child);
  nodes[child].near[0].push(+parent);
}
const { drawing } = states.dataset;
const pixels = () => [canvas.clientWidth, canvas.clientHeight];
const sideways = canvas.dataset.graph === "right";
const { x: left, y: top, width, height } = svg.viewBox.baseVal;
const map = canvas.querySelector(".minimap");
/** What is seen: its middle, and how many pixels a unit is. */
let [x, y, scale] = [0, 0, 1];
let [follow, hits, hit, moved] = [false, [], -1, 0];

function look() {
  const [w, h] = pixels().map((side) => side / scale);
  svg.setAttribute("viewBox", `${x - w / 2} ${y - h / 2} ${w} ${h}`);
  if (!map) return;
  map.lastElementChild.setAttribute("d", `M${x - w / 2} ${y - h / 2}h${w}v${h}h${-w}z`);
  // Where all is seen it would only hide some of it.
  const all = [[x, w, left, width], [y, h, top, height]].every(([at, seen, from, long]) =>
    Math.abs(at - from - long / 2) * 2 < seen - long + 1);
  map.classList.toggle("whole", all);
}

const fitting = () => Math.min(pixels()[0] / width, pixels()[1] / height);

function fit() {
  [x, y, scale] = [left + width / 2, top + height / 2, fitting()];
  look();
}

/** What is so far from the middle stays where it is. */
function zoom(by, dx = 0, dy = 0) {
  const next = Math.min(4, Math.max(Math.min(fitting(), 1) / 2, scale * by));
  x += dx / scale - dx / next;
  y += dy / scale - dy / next;
  scale = next;
  look();
}

function centre(some) {
  if (!some.length) return;
  [x, y] = ["x", "y"].map((way) => {
    const all = some.map((at) => nodes[at][way]);
    return (Math.min(...all) + Math.max(...all)) / 2;
  });
  look();
}

const those = (...statuses) => [...nodes.keys()].filter((at) => statuses.includes(nodes[at].status));

/** All of it, if that is not too small; otherwise where something happens. */
function first() {
  fit();
  if (scale >= (map ? LEGIBLE : WHOLE) || !nodes.length) return;
  scale = LEGIBLE;
  const chosen = nodes.findIndex(({ link }) => link.matches(".chosen"));
  centre([chosen < 0 ? [...those("running"), ...those("failed", "timeout"), 0][0] : chosen]);
  // No further out than its border.
  [x, y] = [[x, left, width], [y, top, height]].map(([at, from, long], way) => {
    const half = Math.min(pixels()[way] / scale, long) / 2;
    return Math.min(Math.max(at, from + half), from + long - half);
  });
  look();
}

function paint() {
  const { nodes: now = "", edges: lines = "" } = states.dataset;
  for (const [at, node] of nodes.entries()) {
    const [{ link, status: before }, small] = [node, now[at]?.toLowerCase()];
    const status = STATUS[small] || before;
    link.classList.toggle("critical", now[at] !== small);
    if (status === before) continue;
    link.classList.replace(before, status);
    node.status = status;
    const use = link.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${status}`));
    link.querySelector(".word").textContent = status;
  }
  for (const [at, edge] of edges.entries()) {
    const small = lines[at]?.toLowerCase();
    edge.setAttribute("class", `edge ${EDGE[small]}${lines[at] === small ? "" : " critical"}`);
  }
  for (const path of map?.querySelectorAll(".piece") || []) {
    const boxes = those(path.classList[1]).map((at) => `M${nodes[at].x - WIDE / 2} ${nodes[at].y - HIGH / 2}h160v40h-160z`);
    path.setAttribute("d", boxes.join(""));
  }
  if (follow) centre(those("running"));
}

/** Along edges to the nearest parent or child; across them to the neighbour in the layer. */
function step(from, key) {
  const [along, across] = sideways ? ["x", "y"] : ["y", "x"];
  const [node, forward] = [nodes[from], key === "ArrowRight" || key === "ArrowDown"];
  const away = (at) => Math.abs(nodes[at][across] - node[across]);
  const some = sideways === /Left|Right/.test(key) ? node.near[+forward] : [...nodes.keys()].filter((at) =>
    nodes[at][along] === node[along] && at !== from && nodes[at][across] > node[across] === forward);
  const to = [...some].sort((one, other) => away(one) - away(other))[0];
  if (to === undefined) return;
  node.link.tabIndex = -1;
  const { link, x: nextX, y: nextY } = nodes[to];
  link.tabIndex = 0;
  link.focus({ preventScroll: true });
  if ([nextX - x, nextY - y].some((far, way) => (Math.abs(far) * 2 + WIDE) * scale > pixels()[way])) centre([to]);
}

function search(text) {
  const wanted = text.trim().toLowerCase();
  hits = [...nodes.keys()].filter((at) => wanted && `${nodes[at].link.dataset.find} ${nodes[at].status}`.includes(wanted));
  hit = -1;
  svg.classList.toggle("searched", wanted !== "");
  const found = new Set(hits);
  nodes.forEach(({ link }, at) => link.classList.toggle("found", found.has(at)));
  document.getElementById("nodes-found").textContent = wanted && `${hits.length} found`;
  next();
}

function next() {
  hit = (hit + 1) % (hits.length || 1);
  centre(hits.slice(hit, hit + 1));
}

canvas.addEventListener("pointerdown", () => { moved = 0; });
canvas.addEventListener("pointermove", (event) => {
  if (!event.buttons || map?.contains(event.target)) return;
  x -= event.movementX / scale;
  y -= event.movementY / scale;
  moved += Math.abs(event.movementX) + Math.abs(event.movementY);
  look();
});
if (map) {
  map.onpointerdown = map.onpointermove = ({ buttons, clientX, clientY }) => {
    if (!buttons) return;
    ({ x, y } = new DOMPoint(clientX, clientY).matrixTransform(map.getScreenCTM().inverse()));
    look();
  };
}
svg.addEventListener("dragstart", (event) => event.preventDefault());
canvas.addEventListener("wheel", (event) => {
  // Without a key the page scrolls, as everywhere.
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const { left, top, width, height } = canvas.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY / 300), event.clientX - left - width / 2, event.clientY - top - height / 2);
}, { passive: false });
new ResizeObserver(look).observe(canvas);

const DO = {
  in: () => zoom(1.4),
  out: () => zoom(1 / 1.4),
  fit,
  follow: (button) => {
    follow = !follow;
    button.setAttribute("aria-pressed", String(follow));
    if (follow) centre(those("running"));
  },
};
document.addEventListener("click", (event) => {
  const { target } = event;
  const button = target.closest("[data-do]");
  if (button) DO[button.dataset.do](button);
  const link = target.closest("a.node, a[data-node]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const pulled = moved > 6 && canvas.contains(link);
  // A page that stands still is loaded anew.
  if (!pulled && localStorage.getItem("baton-paused") === "1") return;
  event.preventDefault();
  if (pulled) return;
  const href = link.getAttribute("href");
  const at = nodes.findIndex((node) => node.link.getAttribute("href") === href);
  nodes.forEach((node, each) => node.link.classList.toggle("chosen", each === at));
  if (at >= 0 && !canvas.contains(link)) centre([at]);
  history.replaceState(null, "", href);
  document.dispatchEvent(new Event("baton:moved"));
});
const field = document.getElementById("find-node");
field.oninput = () => search(field.value);
field.onkeydown = ({ key }) => { if (key === "Enter") next(); };
canvas.addEventListener("keydown", (event) => {
  const from = nodes.findIndex(({ link }) => link === document.activeElement);
  const act = { "+": DO.in, "-": DO.out, 0: fit }[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (from >= 0 && event.key.startsWith("Arrow")) step(from, event.key);
  else if (act) act();
  else return;
  event.preventDefault();
});
// Where tasks or edges came or went, nodes stand elsewhere.
new MutationObserver(() => (states.dataset.drawing === drawing ? paint() : location.reload()))
  .observe(states, { attributes: true });
first();
paint();
