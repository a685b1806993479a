// Cells of crystals as pictures: a histogram of each parameter, and two parameters against each other.

import { h, svg } from "./dom.js";
import { COLOURS } from "./dendrogram_drawing.js";

const NAMES = ["a", "b", "c", "α", "β", "γ"];
const UNITS = ["Å", "Å", "Å", "°", "°", "°"];
const BINS = 36;
const [WIDTH, HEIGHT] = [330, 190];
const MARGIN = { left: 46, right: 14, top: 12, bottom: 34 };
const SHAPES = ["circle", "square", "triangle", "diamond", "plus", "cross"];

/** "a (Å)". */
export const parameterName = (at) => `${NAMES[at]} (${UNITS[at]})`;

/** The parameters that differ between cells by more than rounding. */
export function varyingParameters(cells) {
  return NAMES.map((_, at) => at).filter((at) => {
    const [least, most] = range(cells.map((cell) => cell[at]));
    return most - least > 1e-4;
  });
}

function range(values) {
  return values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
}

function padded([least, most]) {
  const room = (most - least) * 0.04 || Math.abs(most) * 1e-3 || 1;
  return [least - room, most + room];
}

/**
 * Draw the histogram of a parameter, the groups on top of each other.
 * @param {number[][]} cells
 * @param {number[]} groups  number of each cell's group, -1: none
 */
export function histogram(cells, groups, at) {
  const values = cells.map((cell) => cell[at]);
  const [least, most] = padded(range(values));
  const bins = Array.from({ length: BINS }, () => new Map());
  values.forEach((value, place) => {
    const bin = bins[Math.min(BINS - 1, Math.floor((BINS * (value - least)) / (most - least)))];
    const kind = groups[place] < 0 ? COLOURS : groups[place] % COLOURS;
    bin.set(kind, (bin.get(kind) ?? 0) + 1);
  });
  const highest = Math.max(...bins.map((bin) => [...bin.values()].reduce((a, b) => a + b, 0)));
  const { x, y, frame } = axes([least, most], [0, highest], parameterName(at), "crystals", true);
  const bars = bins.flatMap((bin, place) => {
    let below = 0;
    return [...bin].sort(([one], [other]) => one - other).map(([kind, count]) => {
      const bar = svg("rect", { class: kind === COLOURS ? "bar none" : `bar g${kind}`,
        x: x(least + (place * (most - least)) / BINS) + 0.5, y: y(below + count),
        width: (WIDTH - MARGIN.left - MARGIN.right) / BINS - 1, height: y(below) - y(below + count) });
      below += count;
      return bar;
    });
  });
  const words = `Histogram of ${parameterName(at)}: ${values.length} crystals from ${format(range(values)[0])} to ${format(range(values)[1])}`;
  return h("figure", { class: "plot" }, svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words }, ...frame, ...bars));
}

/** Draw two parameters against each other; a group has its colour and its shape. */
export function scatter(cells, groups, atX, atY) {
  const [xs, ys] = [cells.map((cell) => cell[atX]), cells.map((cell) => cell[atY])];
  const { x, y, frame } = axes(padded(range(xs)), padded(range(ys)), parameterName(atX), parameterName(atY), false);
  const size = cells.length > 1000 ? 2 : cells.length > 200 ? 3 : 4.5;
  const paths = new Map();
  cells.forEach((_, place) => {
    const kind = groups[place] < 0 ? COLOURS : groups[place] % COLOURS;
    paths.set(kind, (paths.get(kind) ?? "") + marker(SHAPES[kind] ?? "circle", x(xs[place]), y(ys[place]), size));
  });
  const points = [...paths].map(([kind, d]) => svg("path", { class: kind === COLOURS ? "point none" : `point g${kind}`, d }));
  const words = `${parameterName(atY)} against ${parameterName(atX)} of ${cells.length} crystals`;
  return h("figure", { class: "plot" }, svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words }, ...frame, ...points));
}

function marker(shape, x, y, size) {
  const [at, s] = [`${x.toFixed(1)} ${y.toFixed(1)}`, size / 2];
  if (shape === "circle") return `M${at}m${-s} 0a${s} ${s} 0 1 0 ${size} 0a${s} ${s} 0 1 0 ${-size} 0`;
  if (shape === "square") return `M${at}m${-s} ${-s}h${size}v${size}h${-size}z`;
  if (shape === "triangle") return `M${at}m0 ${-s}l${s} ${size}h${-size}z`;
  if (shape === "diamond") return `M${at}m0 ${-s * 1.3}l${s} ${s * 1.3}l${-s} ${s * 1.3}l${-s} ${-s * 1.3}z`;
  if (shape === "plus") return `M${at}m${-s} -.6h${s - 0.6}v${-s}h1.2v${s}h${s}v1.2h${-s}v${s}h-1.2v${-s}h${-s}z`;
  return `M${at}m${-s} ${-s}l${size} ${size}l-1 1l${-size} ${-size}zM${at}m${s} ${-s}l${-size} ${size}l1 1l${size} ${-size}z`;
}

/** A shape and colour as in the scatter plot, for legends. */
export function swatch(number) {
  const kind = number < 0 ? "none" : `g${number % COLOURS}`;
  const shape = number < 0 ? "circle" : SHAPES[number % COLOURS];
  return svg("svg", { class: "swatch", viewBox: "0 0 14 14", width: 14, height: 14, "aria-hidden": "true" },
    svg("path", { class: `point ${kind}`, d: marker(shape, 7, 7, 10) }));
}

function axes([leastX, mostX], [leastY, mostY], titleX, titleY, whole) {
  const x = (value) => MARGIN.left + ((WIDTH - MARGIN.left - MARGIN.right) * (value - leastX)) / (mostX - leastX || 1);
  const y = (value) => HEIGHT - MARGIN.bottom - ((HEIGHT - MARGIN.top - MARGIN.bottom) * (value - leastY)) / (mostY - leastY || 1);
  const frame = [
    ...ticks(leastX, mostX, 4).map((value) => [
      svg("line", { class: "grid-line", x1: x(value), x2: x(value), y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }),
      svg("text", { class: "tick", x: x(value), y: HEIGHT - MARGIN.bottom + 14, "text-anchor": "middle" }, format(value))]).flat(),
    ...ticks(leastY, mostY, 4).filter((value) => !whole || Number.isInteger(value)).map((value) => [
      svg("line", { class: "grid-line", x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y(value), y2: y(value) }),
      svg("text", { class: "tick", x: MARGIN.left - 5, y: y(value) + 4, "text-anchor": "end" }, format(value))]).flat(),
    svg("text", { class: "axis-title", x: (WIDTH + MARGIN.left) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, titleX),
    svg("text", { class: "axis-title", x: 12, y: HEIGHT / 2, transform: `rotate(-90 12 ${HEIGHT / 2})`, "text-anchor": "middle" }, titleY),
  ];
  return { x, y, frame };
}

function ticks(least, most, about) {
  const raw = (most - least) / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
  const first = Math.ceil(least / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((most - first) / step + 1e-9) + 1) }, (_, n) => Number((first + n * step).toPrecision(10)));
}

const format = (value) => String(Number(value.toPrecision(6)));
