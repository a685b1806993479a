// Versions in time: a bar for the data that each serves, a row for each beamline, withdrawn ones below.

import { h, show, svg } from "../lib/dom.js";
import { empty } from "../lib/states.js";

const ROW = 34;
const LEFT = 130;
const NOW = () => Date.now();

/** Show the bars; a bar is a button to its version. */
export function showPeriods(place, periods, { chosen, onChoose }) {
  if (!periods.length) {
    show(place, empty("No version serves any data.", "Until one is promoted, imports take the headers' geometry."));
    return;
  }
  const width = Math.max(480, place.clientWidth || 1200);
  const now = NOW();
  const first = Math.min(...periods.map((one) => Date.parse(one.valid_from)));
  const last = Math.max(now, ...periods.map((one) => (one.valid_until ? Date.parse(one.valid_until) : now)));
  const end = last + (last - first) * 0.04 + 60_000;
  const x = (time) => LEFT + ((width - LEFT - 12) * (time - first)) / (end - first);
  const rows = [...new Set(periods.map((one) => `${one.beamline}\n${one.state === "withdrawn" ? "withdrawn" : ""}`))].sort();
  const height = rows.length * ROW + 26;
  show(place, svg("svg", { class: "timeline", viewBox: `0 0 ${width} ${height}`, height, role: "group", "aria-label": "Periods of the data that versions serve" },
    rows.map((row, at) => svg("text", { class: "tick", x: 4, y: at * ROW + 21 }, row.replace("\n", " ").trim())),
    ticks(first, end).map(([time, words]) => [svg("line", { class: "grid-line", x1: x(time), x2: x(time), y1: 0, y2: height - 20 }),
      svg("text", { class: "tick", x: x(time), y: height - 6, "text-anchor": "middle" }, words)]),
    periods.map((one) => bar(one, rows.indexOf(`${one.beamline}\n${one.state === "withdrawn" ? "withdrawn" : ""}`), x, end, { chosen, onChoose })),
    svg("line", { class: "now-line", x1: x(now), x2: x(now), y1: 0, y2: height - 20 }), svg("text", { class: "tick", x: x(now) - 4, y: height - 6, "text-anchor": "end" }, "now")),
  h("p", { class: "quiet" }, "Times of the data, UTC. Where no bar is, the headers' geometry serves."));
}

function bar(one, row, x, end, { chosen, onChoose }) {
  const left = x(Date.parse(one.valid_from));
  const right = x(one.valid_until ? Date.parse(one.valid_until) : end);
  const wide = Math.max(4, right - left);
  const words = `Geometry ${one.geometry_id}, ${one.state.replaceAll("_", " ")}, from ${utc(one.valid_from)}${one.valid_until ? ` until ${utc(one.valid_until)}` : ", without end"}`;
  const choose = () => onChoose(one.geometry_id);
  return svg("g", { class: "period-link", role: "button", tabindex: "0", "aria-label": words, "data-key": `period-${one.geometry_id}`,
    "aria-current": one.geometry_id === chosen ? "true" : null, onclick: choose,
    onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); } } },
  svg("title", {}, words), svg("rect", { class: `period ${one.state}`, x: left, y: row * ROW + 5, width: wide, height: ROW - 10, rx: 4 }),
  wide > 26 ? svg("text", { class: `on-bar ${one.state}`, x: left + 8, y: row * ROW + 22 }, wide > 110 ? `geometry ${one.geometry_id}` : String(one.geometry_id)) : null);
}

const utc = (iso) => `${new Date(iso).toISOString().slice(0, 16).replace("T", " ")} UTC`;

function ticks(first, end) {
  const steps = [300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400, 91 * 86_400, 365 * 86_400].map((seconds) => 1000 * seconds);
  const step = steps.find((one) => (end - first) / one <= 9) ?? steps.at(-1);
  const found = [];
  for (let time = Math.ceil(first / step) * step; time < end; time += step) {
    const text = new Date(time).toISOString();
    found.push([time, step < 86_400_000 ? text.slice(5, 16).replace("T", " ") : text.slice(0, 10)]);
  }
  return found;
}
