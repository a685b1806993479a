// Joint refinements: a table of them, and one of them crystal by crystal, before and after.

import { airflowLink, mappedTaskPath } from "./airflow.js";
import { ROOT } from "./api.js";
import { h, show, svg } from "./dom.js";
import { empty } from "./states.js";
import { counted, table } from "./table.js";
import { moment } from "./time.js";

const STATES = { waiting: ["work", "… waiting"], published: ["good", "✓ published"], kept: ["outcome", "– kept, not published"], failed: ["broken", "✗ failed"] };
const NAMES = ["a", "b", "c"];
const MOST_ROWS = 150;

/** The state of a joint refinement as a badge. */
export const jointBadge = (state) => h("span", { class: `badge ${STATES[state]?.[0] ?? ""}` }, STATES[state]?.[1] ?? state);

/** A figure before and after; less is better. Empty where one of them is not known. */
export function change(before, after, digits) {
  if (before === null || after === null) return "";
  const [old, now] = [before.toFixed(digits), after.toFixed(digits)];
  if (old === now) return `${old} → ${now}`;
  return [`${old} → `, h("span", { class: after < before ? "better" : "worse" }, `${now} ${after < before ? "▼" : "▲"}`)];
}

/**
 * A table of joint refinements.
 * @param {object} options
 * @param {string} options.caption
 * @param {object[]} options.joints
 * @param {object} options.first  the first column: the group's name, or the time
 * @param {number|null} options.open  the one that is shown in full
 * @param {(row: object) => void} options.onOpen
 */
export function jointTable({ caption, joints, first, open, onOpen }) {
  const columns = [
    first,
    { key: "state", heading: "state", cell: (row) => jointBadge(row.state) },
    { key: "crystals", heading: "crystals", number: true, cell: (row) => row.crystals },
    { key: "lcv", heading: "LCV (%)", number: true, cell: (row) => change(row.lcv_before_percent, row.lcv_after_percent, 2) },
    { key: "spread", heading: "spread of axes (%)", number: true, cell: (row) => change(row.spread_before_percent, row.spread_after_percent, 3) },
    { key: "x", heading: "RMSD x (mm)", number: true, cell: (row) => change(row.rmsd_x_before_mm, row.rmsd_x_after_mm, 4) },
    { key: "y", heading: "RMSD y (mm)", number: true, cell: (row) => change(row.rmsd_y_before_mm, row.rmsd_y_after_mm, 4) },
    { key: "words", heading: "what came of it", cell: (row) => h("div", { class: "reason" }, row.sentence) },
    { key: "when", heading: "ended", cell: (row) => moment(row.ended_at) ?? ["asked for ", moment(row.asked_at)] },
    { key: "more", heading: h("span", { class: "spoken" }, "more"), cell: (row) => h("div", { class: "buttons" },
      row.lcv_before_percent === null ? null : h("button", { type: "button", "data-key": `joint-${row.joint_id}`, "aria-expanded": String(open === row.joint_id),
        onclick: () => onOpen(row) }, "Each crystal"),
      row.report_file ? h("a", { href: `${ROOT}/files/joint/${row.report_file}?show=true` }, "Report") : null,
      row.dag_run_id ? airflowLink(mappedTaskPath("refine_joint", row.dag_run_id, "group.refine", row.map_index), "Airflow") : null) },
  ];
  return table({ caption, columns, rows: joints });
}

/** One joint refinement in full: what is worse, cells and fit of each crystal, files. */
export function jointComparison({ comparison: found, files }) {
  if (!found) return empty("It is not refined yet.");
  const members = found.members;
  const stayed = members.filter((one) => one.before && one.after);
  return [
    found.worse.map((words) => h("p", { class: "broken" }, `✗ ${words}`)),
    found.notes.map((words) => h("p", { class: "quiet" }, words)),
    h("p", {}, `Distance of the detector: ${distances(found.before)} before, ${distances(found.after)} after. Cells in the setting ${found.setting}.`),
    h("div", { class: "plots" }, NAMES.map((name, at) => spreadPlot(stayed, at, name)), dumbbells(stayed)),
    memberTable(members),
    h("details", {}, h("summary", {}, counted(files.length, "file")), h("ul", {}, files.map((file) =>
      h("li", {}, h("a", { href: `${ROOT}/files/joint/${file.artifact_id}` }, file.name), h("span", { class: "quiet" }, ` ${file.size_bytes} bytes`))))),
  ];
}

const distances = ({ distance_least_mm: least, distance_greatest_mm: most }) =>
  (most - least < 0.0005 ? `${least.toFixed(3)} mm` : `${least.toFixed(3)} to ${most.toFixed(3)} mm`);

// A thousand rows are drawn when they are asked for.
function memberTable(members) {
  const place = h("div", {});
  const draw = (rows) => show(place, h("div", { class: "scrolls" }, table({ caption: "Crystals before and after joint refinement", columns: memberColumns(), rows })),
    rows.length < members.length ? h("button", { type: "button", "data-key": "all-members", onclick: () => draw(members) }, `Show ${members.length - rows.length} more`) : null);
  draw(members.slice(0, MOST_ROWS));
  return place;
}

function memberColumns() {
  const pair = (key, heading, of, digits) => ({ key, heading, number: true, cell: (row) =>
    `${row.before ? of(row.before)?.toFixed(digits) ?? "" : "–"} → ${row.after ? of(row.after)?.toFixed(digits) ?? "" : "–"}` });
  return [
    { key: "name", heading: "crystal", cell: (row) => [h("a", { href: `${ROOT}/run/${row.run_id}` }, row.name), row.left ? h("div", { class: "outcome" }, `left: ${row.left}`) : null] },
    ...NAMES.map((name, at) => pair(name, `${name} (Å)`, (one) => one.cell[at], 3)),
    pair("x", "RMSD x (mm)", (one) => one.rmsd_x_mm, 4), pair("y", "RMSD y (mm)", (one) => one.rmsd_y_mm, 4),
    pair("phi", "RMSD φ (°)", (one) => one.rmsd_phi_deg, 3), pair("used", "reflections", (one) => one.used_count, 0),
  ];
}

const [WIDTH, HEIGHT] = [330, 130];

function spreadPlot(members, at, name) {
  const rows = ["before", "after"].map((moment) => members.map((one) => one[moment].cell[at]));
  const all = rows.flat();
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const x = (value) => 56 + ((WIDTH - 72) * (value - least)) / (most - least || 1);
  const sd = (values) => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return values.length > 1 ? Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)) : 0;
  };
  const words = `${name}: standard deviation ${sd(rows[0]).toFixed(4)} Å before, ${sd(rows[1]).toFixed(4)} Å after`;
  return h("figure", { class: "plot" }, svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words },
    rows.map((values, row) => [svg("text", { class: "tick", x: 4, y: 42 + 40 * row }, row ? "after" : "before"),
      svg("line", { class: "grid-line", x1: 50, x2: WIDTH - 8, y1: 38 + 40 * row, y2: 38 + 40 * row }),
      values.map((value) => (row ? svg("circle", { class: "after-mark", cx: x(value), cy: 78, r: 4 })
        : svg("circle", { class: "before-mark", cx: x(value), cy: 38, r: 4 })))]),
    svg("text", { class: "tick", x: x(least), y: 104 }, least.toFixed(3)), svg("text", { class: "tick", x: x(most), y: 104, "text-anchor": "end" }, most.toFixed(3)),
    svg("text", { class: "axis-title", x: 4, y: 16 }, `${name} (Å)`)), h("figcaption", { class: "quiet" }, words));
}

// RMSD on the detector of each crystal: a ring before, a disc after, joined by a line.
function dumbbells(members) {
  const shown = members.slice(0, MOST_ROWS).map((one) => ({ name: one.name,
    before: Math.hypot(one.before.rmsd_x_mm ?? NaN, one.before.rmsd_y_mm ?? NaN), after: Math.hypot(one.after.rmsd_x_mm ?? NaN, one.after.rmsd_y_mm ?? NaN) }))
    .filter((one) => Number.isFinite(one.before) && Number.isFinite(one.after));
  if (!shown.length) return null;
  const most = Math.max(...shown.flatMap((one) => [one.before, one.after]));
  const height = 40 + 18 * shown.length;
  const x = (value) => 120 + ((WIDTH - 136) * value) / most;
  const words = `RMSD on the detector of ${shown.length} crystals before and after`;
  return h("figure", { class: "plot scrolls" }, svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": words },
    svg("text", { class: "axis-title", x: 4, y: 14 }, "RMSD on the detector (mm): ○ before, ● after"),
    shown.map((one, row) => {
      const y = 34 + 18 * row;
      return [svg("text", { class: "tick", x: 114, y: y + 4, "text-anchor": "end" }, svg("title", {}, one.name), one.name.length > 16 ? `${one.name.slice(0, 15)}…` : one.name),
        svg("line", { class: "link-line", x1: x(one.before), x2: x(one.after), y1: y, y2: y }),
        svg("circle", { class: "before-mark", cx: x(one.before), cy: y, r: 4 }), svg("circle", { class: "after-mark", cx: x(one.after), cy: y, r: 4 })];
    }),
    svg("text", { class: "tick", x: 120, y: height - 2 }, "0"), svg("text", { class: "tick", x: WIDTH - 16, y: height - 2, "text-anchor": "end" }, most.toFixed(4))));
}
