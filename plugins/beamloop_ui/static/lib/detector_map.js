// A detector's face: a value of each panel as a shade, or how far panels moved as arrows.

import { h, svg } from "./dom.js";

const WIDTH = 460;
const MARGIN = 10;
// Shades of one hue from light to dark, so that they tell more from less without a sense of colour.
const LIGHT = [[247, 251, 255], [198, 219, 239], [107, 174, 214], [33, 113, 181], [8, 48, 107]];

/** The shade of a value between 0 and 1. */
export function shade(part) {
  const at = Math.min(1, Math.max(0, part)) * (LIGHT.length - 1);
  const low = Math.min(LIGHT.length - 2, Math.floor(at));
  const mixed = LIGHT[low].map((value, channel) => Math.round(value + (LIGHT[low + 1][channel] - value) * (at - low)));
  return `rgb(${mixed.join(",")})`;
}

function placed(face) {
  const points = face.panels.flatMap((panel) => panel.corners_mm);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const scale = (WIDTH - 2 * MARGIN) / (Math.max(...xs) - left || 1);
  const height = Math.max(60, (Math.max(...ys) - top) * scale + 2 * MARGIN);
  const at = ([x, y]) => [MARGIN + (x - left) * scale, MARGIN + (y - top) * scale];
  return { at, height, scale };
}

const outline = (corners, at) => `M${corners.map((corner) => at(corner).map((value) => value.toFixed(1)).join(" ")).join("L")}Z`;

function beamMark(face, at) {
  if (!face.beam_mm) return null;
  const [x, y] = at(face.beam_mm);
  return svg("path", { class: "beam", d: `M${x - 6} ${y}H${x + 6}M${x} ${y - 6}V${y + 6}` }, svg("title", {}, "beam"));
}

/**
 * Draw a value of each panel.
 * @param {object} face  panels with `name` and `corners_mm`; `beam_mm`
 * @param {Map<string, number|null>} values
 * @param {{title: string, most: number, words: (name: string, value: number|null) => string}} options
 */
export function panelMap(face, values, { title, most, words }) {
  const { at, height } = placed(face);
  const panels = face.panels.map(({ name, corners_mm: corners }) => {
    const value = values.get(name) ?? null;
    const path = svg("path", { class: value === null ? "face unknown" : "face", d: outline(corners, at) }, svg("title", {}, words(name, value)));
    if (value !== null) path.style.fill = shade(most ? value / most : 0);
    return path;
  });
  return h("figure", { class: "plot" }, h("figcaption", {}, title),
    svg("svg", { class: "panel-map", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": title }, panels, beamMark(face, at)));
}

/** Draw how far each panel moved, arrows enlarged until the longest is as long as a panel is high. */
export function shiftMap(face, shifts, { title, words }) {
  const { at, height, scale } = placed(face);
  const longest = Math.max(0, ...[...shifts.values()].map(([x, y]) => Math.hypot(x, y)));
  const panelSize = face.panels.length ? Math.min(...face.panels.map(({ corners_mm: [one, , other] }) => Math.min(Math.abs(other[0] - one[0]), Math.abs(other[1] - one[1])))) : 0;
  const stretch = longest ? (Math.max(panelSize, 12 / scale) * 1.2) / longest : 0; // mm drawn for each um
  const drawn = face.panels.map(({ name, corners_mm: corners }) => {
    const shift = shifts.get(name);
    const frame = svg("path", { class: shift ? "face" : "face unknown", d: outline(corners, at) }, svg("title", {}, words(name, shift ?? null)));
    frame.style.fill = "none";
    if (!shift) return frame;
    const middle = [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length);
    // Along the panel's own axes, which its corners show.
    const along = (one, other) => {
      const [x, y] = [other[0] - one[0], other[1] - one[1]];
      const length = Math.hypot(x, y) || 1;
      return [x / length, y / length];
    };
    const [fast, slow] = [along(corners[0], corners[1]), along(corners[0], corners[3])];
    const tip = [0, 1].map((axis) => middle[axis] + stretch * (shift[0] * fast[axis] + shift[1] * slow[axis]));
    return [frame, arrow(at(middle), at(tip))];
  });
  return h("figure", { class: "plot" }, h("figcaption", {}, `${title}; the longest arrow is ${longest.toFixed(1)} µm`),
    svg("svg", { class: "panel-map", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": title }, drawn, beamMark(face, at)));
}

function arrow([x0, y0], [x1, y1]) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (length < 0.5) return svg("circle", { class: "arrow-head", cx: x0, cy: y0, r: 1.5 });
  const [dx, dy] = [(x1 - x0) / length, (y1 - y0) / length];
  const size = Math.min(5, length / 2);
  const [bx, by] = [x1 - dx * size, y1 - dy * size];
  return [svg("path", { class: "arrow", d: `M${x0} ${y0}L${bx} ${by}` }),
    svg("path", { class: "arrow-head", d: `M${x1} ${y1}L${bx - (dy * size) / 1.6} ${by + (dx * size) / 1.6}L${bx + (dy * size) / 1.6} ${by - (dx * size) / 1.6}Z` })];
}

/** The shades with what they mean. */
export function shadeLegend(most, unit) {
  const scale = h("span", { class: "scale", "aria-hidden": "true" });
  scale.style.background = `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map(shade).join(",")})`;
  return h("p", { class: "legend quiet" }, `0 ${unit}`, scale, `${most.toFixed(1)} ${unit}`, h("span", {}, "dashed: too few reflections"));
}
