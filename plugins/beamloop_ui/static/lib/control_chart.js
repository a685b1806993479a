// A quantity over time with the control limits that held for each point.

import { h, svg } from "./dom.js";

const [WIDTH, HEIGHT] = [460, 190];
const MARGIN = { left: 62, right: 12, top: 12, bottom: 28 };

/**
 * Draw a series.
 * @param {{words: string, unit: string, points: Array<{geometry_id: number, measured_at: string, value: number, limits: object|null, is_out: boolean}>}} series
 * @param {Array<{serviced_at: string, said_by: string, why: string}>} services  before which limits say nothing of what is after
 */
export function controlChart({ words, unit, points }, services = []) {
  const times = points.map((point) => Date.parse(point.measured_at));
  const values = points.flatMap((point) => [point.value, ...(point.limits ? [point.limits.lower, point.limits.upper] : [])]);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  let [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least) * 0.08 || Math.abs(most) * 1e-3 || 1;
  [least, most] = [least - room, most + room];
  const x = (time) => MARGIN.left + ((WIDTH - MARGIN.left - MARGIN.right) * (time - first)) / (last - first || 1);
  const y = (value) => HEIGHT - MARGIN.bottom - ((HEIGHT - MARGIN.top - MARGIN.bottom) * (value - least)) / (most - least);
  // A line ends where there is no value: limits begin anew after a service.
  const path = (of) => points.map((point, at) => [of(point), at ? of(points[at - 1]) : null, times[at]])
    .map(([value, before, time]) => (value === null ? "" : `${before === null ? "M" : "L"}${x(time).toFixed(1)} ${y(value).toFixed(1)}`)).join("");
  // As many places as tell the marks apart.
  const places = Math.max(0, 2 - Math.floor(Math.log10(most - least)));
  const out = points.filter((point) => point.is_out).length;
  const shown = services.filter(({ serviced_at: at }) => Date.parse(at) > first && Date.parse(at) < last);
  const label = `${words}: ${points.length} points from ${day(first)} to ${day(last)}, ${out} beyond the limits${shown.map(({ serviced_at: at }) => `, serviced ${day(Date.parse(at))}`).join("")}`;
  return h("figure", { class: "plot" }, h("figcaption", {}, `${words} (${unit})`, out ? h("span", { class: "broken" }, ` ✗ ${out} beyond the limits`) : null),
    svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
      [least + room, (least + most) / 2, most - room].map((value) => [
        svg("line", { class: "grid-line", x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y(value), y2: y(value) }),
        svg("text", { class: "tick", x: MARGIN.left - 6, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(places))]),
      svg("text", { class: "tick", x: MARGIN.left, y: HEIGHT - 8 }, day(first)),
      last > first ? svg("text", { class: "tick", x: WIDTH - MARGIN.right, y: HEIGHT - 8, "text-anchor": "end" }, day(last)) : null,
      shown.map(({ serviced_at: at, said_by: by, why }) => svg("g", { class: "service" },
        svg("line", { x1: x(Date.parse(at)), x2: x(Date.parse(at)), y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }),
        svg("text", { class: "tick", x: x(Date.parse(at)) + 4, y: MARGIN.top + 10 }, "serviced"), svg("title", {}, `serviced ${at.slice(0, 16)}, says ${by}: ${why}`))),
      svg("path", { class: "chart-limit", d: path((point) => point.limits?.lower ?? null) }),
      svg("path", { class: "chart-limit", d: path((point) => point.limits?.upper ?? null) }),
      svg("path", { class: "chart-line", d: path((point) => point.value) }),
      points.map((point, at) => svg("circle", { class: point.is_out ? "chart-point out" : "chart-point", cx: x(times[at]), cy: y(point.value), r: point.is_out ? 5 : 3 },
        svg("title", {}, `geometry ${point.geometry_id}, ${point.measured_at.slice(0, 16)}: ${point.value.toPrecision(6)} ${unit}${point.is_out ? ", beyond the limits" : ""}`)))));
}

const day = (time) => new Date(time).toISOString().slice(0, 10);
