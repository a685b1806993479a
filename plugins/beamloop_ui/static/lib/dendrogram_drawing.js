// How a tree of crystals is drawn: scales, branches, names, and which branch is nearest to a point.

import { svg } from "./dom.js";

export const HEIGHT = 430;
const MARGIN = { left: 58, right: 18, top: 26 };
const MOST_NAMES = 70;
const NEAR_PX = 14;
const LCV_TICKS = [0, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
export const COLOURS = 6;

// LCV spans from hundredths of a percent to a doubled axis: small values need room.
const spread = (percent) => Math.log10(1 + percent / 0.05);
const unspread = (value) => 0.05 * (10 ** value - 1);

/** From places in the tree, heights and LCV to points of the picture, and from a point to an LCV. */
export function scales({ tree, axis, nameLength }, width) {
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

/** Ticks with their lines across, and the title, of LCV or of the Ward distance. */
export function axis(scale, width, kind) {
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

/** All branches, a path for each group's colour. */
export function branches(tree, scale, numbers) {
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

/** The path of a branch with all below it. */
export function branchPath(tree, scale, at) {
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

/** The leaf or node whose lines are nearest to a point; -1 where none is near. */
export function nearestBranch(tree, scale, x, y) {
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

/** The names of the crystals, where there is room for them. */
export function leafNames({ tree }, scale, nameOf) {
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

/** The names of groups below their branches. */
export function groupLabels({ tree, labels }, scale) {
  const wide = (at) => (tree.to[at] - tree.from[at]) * scale.step;
  // A name that has no room is left out: the table below the picture has it.
  return labels.filter(({ at, words }) => wide(at) > 4 + 8 * words.length).map(({ at, words, number }) =>
    svg("text", { class: `group-label g${number % COLOURS}`, x: scale.x(tree.places[at]), y: scale.yAt(at) + 15, "text-anchor": "middle" }, words));
}

/** The limit of LCV as a line that can be taken hold of. */
export function limitLine(scale, width, limit, onpointerdown) {
  const y = scale.y(limit);
  const words = `limit ${limit < 0.1 ? limit.toFixed(3) : limit.toFixed(2)} %`;
  return svg("g", { class: "limit-line", onpointerdown },
    svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y }),
    svg("line", { class: "grip", x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y }),
    svg("text", { x: width - MARGIN.right - 4, y: y - 6, "text-anchor": "end" }, `${words} ↕`));
}
