// Plots of series by uPlot, in the page's colours, with the same figures as a table for who cannot see them.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { h } from "./dom.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * Draw series over one axis.
 * @param {object} options
 * @param {string} options.title  also what screen readers say
 * @param {string} options.xLabel
 * @param {string} options.yLabel
 * @param {number[]} options.x
 * @param {Array<{label: string, y: Array<number|null>, colour?: string, kind?: "bars"|"line"|"points"}>} options.series
 *   `colour` is a variable of beamloop.css, e.g. "--work-fill"
 * @param {Array<{y: number, label: string}>} [options.limits]  horizontal lines
 * @param {boolean} [options.inTime]  x are seconds since 1970, shown in UTC
 * @returns {HTMLElement}  redraws itself when its width or the theme changes
 */
export function plot({ title, xLabel, yLabel, x, series, limits = [], inTime = false, height = 230 }) {
  const canvas = h("div", { class: "canvas", role: "img", "aria-label": `${title}; the figures follow as a table` });
  const figure = h("figure", { class: "plot" }, h("figcaption", {}, title), canvas, asTable({ xLabel, x, series, inTime }));
  let drawn = null;

  function draw() {
    if (!figure.isConnected) return;
    drawn?.destroy();
    const width = Math.max(200, canvas.clientWidth);
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    drawn = new uPlot({
      width, height, legend: { show: series.length > 1 }, cursor: { drag: { x: true, y: false } },
      scales: { x: { time: inTime, ...(x.length === 1 ? { range: [x[0] - 1, x[0] + 1] } : {}) },
        y: { range: (_, low, high) => yRange(low, high, series, limits) } },
      tzDate: (s) => uPlot.tzDate(new Date(s * 1e3), "Etc/UTC"),
      axes: [{ ...axis, label: xLabel }, { ...axis, label: yLabel, size: 60 }],
      series: [{ label: xLabel }, ...series.map(asSeries)],
      hooks: { draw: [(u) => drawLimits(u, limits)] },
    }, [x, ...series.map(({ y }) => y)], canvas);
  }

  let width = 0;
  new ResizeObserver(() => {
    if (canvas.clientWidth !== width) {
      width = canvas.clientWidth;
      draw();
    }
  }).observe(canvas);
  document.addEventListener("beamloop-theme", draw);
  return figure;
}

function yRange(low, high, series, limits) {
  const bars = series.some(({ kind }) => kind === "bars");
  const all = [low, high, ...limits.map(({ y }) => y), ...(bars ? [0] : [])].filter((value) => Number.isFinite(value));
  if (!all.length) return [0, 1];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const room = (most - least || Math.abs(most) || 1) * 0.08;
  return [bars && least === 0 ? 0 : least - room, most + room];
}

function asSeries({ label, colour: name = "--work-fill", kind = "line" }) {
  const stroke = colour(name);
  if (kind === "bars") return { label, stroke, fill: stroke, paths: uPlot.paths.bars({ size: [0.8, 60] }), points: { show: false } };
  if (kind === "points") return { label, stroke, paths: () => null, points: { show: true, size: 7, fill: stroke } };
  return { label, stroke, width: 2, points: { show: true, size: 5, fill: stroke } };
}

function drawLimits(u, limits) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("--broken");
  ctx.setLineDash([6, 4]);
  for (const { y, label } of limits) {
    const at = u.valToPos(y, "y", true);
    ctx.beginPath();
    ctx.moveTo(bbox.left, at);
    ctx.lineTo(bbox.left + bbox.width, at);
    ctx.stroke();
    ctx.fillText(label, bbox.left + 6, at - 4);
  }
  ctx.restore();
}

function asTable({ xLabel, x, series, inTime }) {
  const words = (value) => (inTime ? `${new Date(value * 1e3).toISOString().slice(0, 16).replace("T", " ")} UTC` : String(value));
  const fill = (details) => {
    if (!details.open || details.querySelector("table")) return;
    details.append(h("div", { class: "table-frame short", tabindex: "0", role: "region", "aria-label": "Figures of the plot" },
      h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, xLabel), series.map(({ label }) => h("th", { scope: "col", class: "number" }, label)))),
        h("tbody", {}, x.map((value, at) => h("tr", {}, h("th", { scope: "row" }, words(value)),
          series.map(({ y }) => h("td", { class: "number" }, y[at] === null ? "" : String(y[at])))))))));
  };
  return h("details", { ontoggle: (event) => fill(event.target) }, h("summary", {}, "as a table"));
}
