// The tree of crystals as a picture to work with: branches by mouse or keyboard, the limit of LCV as a line to drag.

import { h, show, svg } from "./dom.js";
import { groupNumbers, membersOf, variationOf } from "./tree.js";

const HEIGHT = 430;
const MARGIN = { left: 58, right: 18, top: 26 };
const MOST_NAMES = 70;
const NEAR_PX = 14;
const LCV_TICKS = [0, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
export const COLOURS = 6;

// LCV spans from hundredths of a percent to a doubled axis: small values need room.
const spread = (percent) => Math.log10(1 + percent / 0.05);
const unspread = (value) => 0.05 * (10 ** value - 1);

/**
 * Make a dendrogram in an element.
 * @param {HTMLElement} host
 * @param {object} options
 * @param {(serial: number) => string} options.nameOf  of a leaf
 * @param {(percent: number) => void} options.onLimit  while the line is dragged
 * @param {(at: number) => void} options.onPick  a leaf or node was chosen
 */
export function makeDendrogram(host, { nameOf, onLimit, onPick }) {
  let state = null; // {tree, axis, limit, numberOf, labels, mayMove}
  let active = -1;
  let scale = null;
  let dragged = false;
  const words = h("p", { class: "branch-words quiet", id: "branch-words", "aria-live": "polite" });
  const picture = svg("svg", {
    class: "dendrogram", tabindex: "0", role: "application", height: HEIGHT, "data-key": "dendrogram",
    "aria-label": "Tree of crystals", "aria-describedby": "tree-help branch-words",
    onkeydown: onKey, onpointermove: onMove, onpointerleave: () => mark(-1), onclick: onClick,
  });
  const help = h("p", { id: "tree-help", class: "spoken" },
    "Arrow keys go along the branches: up to the larger one, down and sideways to its parts. Enter chooses a branch.");
  show(host, picture, help, words);
  new ResizeObserver(() => draw()).observe(host);

  function update(change) {
    const other = state && change.tree !== state.tree;
    state = change;
    if (other) active = -1;
    draw();
  }

  function draw() {
    if (!state) return;
    const width = Math.max(320, host.clientWidth);
    scale = scales(state, width);
    const numbers = groupNumbers(state.tree, state.numberOf);
    picture.setAttribute("width", width);
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    picture.replaceChildren(...axis(scale, width, state.axis), ...branches(state.tree, scale, numbers),
      svg("path", { class: "active-branch", d: "" }), ...leafNames(state, scale, nameOf),
      ...groupLabels(state, scale), ...(state.axis === "lcv" && state.mayMove ? [limitLine(width)] : []));
    if (active >= 0) mark(active);
  }

  function limitLine(width) {
    const y = scale.y(state.limit);
    const words = `limit ${state.limit < 0.1 ? state.limit.toFixed(3) : state.limit.toFixed(2)} %`;
    return svg("g", { class: "limit-line", onpointerdown: startDrag },
      svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y }),
      svg("line", { class: "grip", x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y }),
      svg("text", { x: width - MARGIN.right - 4, y: y - 6, "text-anchor": "end" }, `${words} ↕`));
  }

  function startDrag(event) {
    event.preventDefault();
    dragged = true;
    const move = (e) => onLimit(scale.lcvAt(e.clientY - picture.getBoundingClientRect().top));
    const end = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  }

  function nearest(event) {
    const box = picture.getBoundingClientRect();
    return nearestBranch(state.tree, scale, event.clientX - box.left, event.clientY - box.top);
  }

  function onMove(event) {
    if (state && !event.buttons) mark(nearest(event));
  }

  function onClick(event) {
    // A drag ends with a click, wherever the mouse was let go.
    if (dragged) {
      dragged = false;
      return;
    }
    const at = nearest(event);
    if (at >= 0) onPick(at);
  }

  function mark(at) {
    active = at;
    picture.querySelector(".active-branch")?.setAttribute("d", at < 0 ? "" : branchPath(state.tree, scale, at));
    words.textContent = at < 0 ? "" : describe(state.tree, at, nameOf);
  }

  function onKey(event) {
    if (!state) return;
    const { tree } = state;
    if (event.key === "Enter" || event.key === " ") {
      if (active >= 0) onPick(active);
    } else if (event.key.startsWith("Arrow")) {
      mark(active < 0 ? tree.count - 1 : neighbour(tree, active, event.key));
    } else return;
    event.preventDefault();
  }

  return { update };
}

/** What a branch is, in words. */
export function describe(tree, at, nameOf) {
  const members = membersOf(tree, at);
  if (members.length === 1) return `${nameOf(members[0])}, one crystal`;
  const [lcv, alcv] = variationOf(tree, at);
  return `${members.length} crystals, LCV ${lcv.toFixed(2)} %, aLCV ${alcv.toFixed(2)} Å: ${
    members.slice(0, 4).map(nameOf).join(", ")}${members.length > 4 ? " …" : ""}`;
}

function neighbour(tree, at, key) {
  const parts = at < tree.leaves ? [at, at] : tree.nodes[at - tree.leaves];
  if (key === "ArrowDown") return parts[0];
  if (key === "ArrowUp") return tree.parents[at] < 0 ? at : tree.parents[at];
  const parent = tree.parents[at];
  if (parent < 0) return key === "ArrowLeft" ? parts[0] : parts[1];
  const siblings = tree.nodes[parent - tree.leaves];
  return key === "ArrowLeft" ? siblings[0] : siblings[1];
}

function scales({ tree, axis, nameLength }, width) {
  const bottom = tree.leaves <= MOST_NAMES ? 24 + 6.2 * Math.min(nameLength, 16) : 30;
  const heights = Float64Array.from({ length: tree.count }, (_, at) =>
    at < tree.leaves ? 0 : axis === "lcv" ? spread(tree.nodes[at - tree.leaves][3]) : tree.nodes[at - tree.leaves][2]);
  const least = axis === "lcv" ? spread(1.5) : 1e-9;
  const most = heights.reduce((a, b) => Math.max(a, b), least) * 1.06;
  const room = HEIGHT - MARGIN.top - bottom;
  const yOf = (value) => MARGIN.top + room * (1 - value / most);
  const step = (width - MARGIN.left - MARGIN.right) / Math.max(1, tree.leaves);
  return {
    x: (place) => MARGIN.left + (place + 0.5) * step,
    yAt: (at) => yOf(heights[at]),
    y: (percent) => Math.max(MARGIN.top, yOf(spread(percent))),
    yOf,
    lcvAt: (y) => Math.min(100, Math.max(0.01, unspread(Math.max(0, (1 - (y - MARGIN.top) / room) * most)))),
    most, step, bottom,
  };
}

function axis(scale, width, kind) {
  const values = kind === "lcv" ? LCV_TICKS.filter((tick) => spread(tick) <= scale.most) : wardTicks(scale.most);
  const marks = values.map((value) => {
    const y = scale.yOf(kind === "lcv" ? spread(value) : value);
    return [svg("line", { class: "grid-line", x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y }),
      svg("text", { class: "tick", x: MARGIN.left - 6, y: y + 4, "text-anchor": "end" }, String(value))];
  });
  const title = kind === "lcv" ? "LCV of the branch, %" : "Ward distance";
  return [...marks.flat(), svg("text", { class: "axis-title", x: MARGIN.left - 50, y: 14 }, title)];
}

function wardTicks(most) {
  const step = 10 ** Math.floor(Math.log10(most));
  const wide = most / step < 2 ? step / 5 : most / step < 5 ? step / 2 : step;
  return Array.from({ length: Math.floor(most / wide) + 1 }, (_, n) => Number((n * wide).toPrecision(4)));
}

function branches(tree, scale, numbers) {
  const paths = new Map();
  for (let at = tree.leaves; at < tree.count; at += 1) {
    const kind = numbers[at] < 0 ? "none" : `g${numbers[at] % COLOURS}`;
    paths.set(kind, (paths.get(kind) ?? "") + elbow(tree, scale, at));
  }
  return [...paths].map(([kind, d]) => svg("path", { class: `branch ${kind}`, d }));
}

function elbow(tree, scale, at) {
  const [first, second] = tree.nodes[at - tree.leaves];
  const x = (part) => scale.x(tree.places[part]).toFixed(1);
  const y = (part) => scale.yAt(part).toFixed(1);
  return `M${x(first)} ${y(first)}V${y(at)}H${x(second)}V${y(second)}`;
}

function branchPath(tree, scale, at) {
  const parent = tree.parents[at];
  const x = scale.x(tree.places[at]);
  let path = `M${x} ${scale.yAt(at)}V${parent < 0 ? scale.yAt(at) - 8 : scale.yAt(parent)}`;
  const waiting = [at];
  while (waiting.length) {
    const one = waiting.pop();
    if (one < tree.leaves) continue;
    path += elbow(tree, scale, one);
    waiting.push(...tree.nodes[one - tree.leaves].slice(0, 2));
  }
  return path;
}

function nearestBranch(tree, scale, x, y) {
  let [best, least] = [-1, NEAR_PX];
  for (let at = 0; at < tree.count; at += 1) {
    const ownX = scale.x(tree.places[at]);
    const ownY = scale.yAt(at);
    const parent = tree.parents[at];
    const top = parent < 0 ? ownY - 8 : scale.yAt(parent);
    let far = Math.hypot(x - ownX, Math.max(0, Math.min(top, ownY) - y, y - Math.max(top, ownY)));
    if (at >= tree.leaves) {
      const [left, right] = tree.nodes[at - tree.leaves].slice(0, 2).map((part) => scale.x(tree.places[part]));
      far = Math.min(far, Math.hypot(y - ownY, Math.max(0, Math.min(left, right) - x, x - Math.max(left, right))));
    }
    if (far < least) [best, least] = [at, far];
  }
  return best;
}

function leafNames({ tree }, scale, nameOf) {
  if (tree.leaves > MOST_NAMES) {
    return [svg("text", { class: "tick", x: MARGIN.left, y: HEIGHT - 8 }, `${tree.leaves} crystals; point at a branch to see whose it is`)];
  }
  const y = HEIGHT - scale.bottom + 8;
  return tree.order.map((serial, place) => {
    const name = nameOf(serial);
    const x = scale.x(place);
    return svg("text", { class: "tick", x, y, transform: `rotate(90 ${x} ${y})`, dy: "0.32em" },
      svg("title", {}, name), name.length > 16 ? `${name.slice(0, 15)}…` : name);
  });
}

function groupLabels({ tree, labels }, scale) {
  const wide = (at) => (tree.to[at] - tree.from[at]) * scale.step;
  // A name that has no room is left out: the table below the picture has it.
  return labels.filter(({ at, words }) => wide(at) > 4 + 8 * words.length).map(({ at, words, number }) =>
    svg("text", { class: `group-label g${number % COLOURS}`, x: scale.x(tree.places[at]), y: scale.yAt(at) + 15, "text-anchor": "middle" }, words));
}
