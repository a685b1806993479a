// The tree of crystals as a picture to work with: branches by mouse or keyboard, the limit of LCV as a line to drag.

import { axis, branches, branchPath, groupLabels, HEIGHT, leafNames, limitLine, nearestBranch, scales } from "./dendrogram_drawing.js";
import { h, show, svg } from "./dom.js";
import { groupNumbers, membersOf, variationOf } from "./tree.js";

const LEAST_WIDTH = 320;

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
  new ResizeObserver(() => { if (Number(picture.getAttribute("width")) !== widthOf(host)) draw(); }).observe(host);

  function update(change) {
    const other = state && change.tree !== state.tree;
    state = change;
    if (other) active = -1;
    draw();
  }

  function draw() {
    if (!state) return;
    const width = widthOf(host);
    scale = scales(state, width);
    const numbers = groupNumbers(state.tree, state.numberOf);
    picture.setAttribute("width", width);
    picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    picture.replaceChildren(...axis(scale, width, state.axis), ...branches(state.tree, scale, numbers),
      svg("path", { class: "active-branch", d: "" }), ...leafNames(state, scale, nameOf),
      ...groupLabels(state, scale), ...(state.axis === "lcv" && state.mayMove ? [limitLine(scale, width, state.limit, startDrag)] : []));
    if (active >= 0) mark(active);
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

const widthOf = (host) => Math.max(LEAST_WIDTH, host.clientWidth);

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
