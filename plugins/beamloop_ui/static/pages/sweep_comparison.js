// Runs side by side: parameters, versions, geometry, numbers; what differs is marked.

import { ask } from "../lib/api.js";
import { h, show } from "../lib/dom.js";
import { faultBox, loading } from "../lib/states.js";

let onlyDifferent = false;

/** Show some runs of the sweep as columns. */
export async function showComparison(place, runIds, path) {
  if (runIds.length < 2) return show(place);
  show(place, loading());
  try {
    const answers = await Promise.all(runIds.map((runId) => ask(path(runId))));
    draw(place, answers.map(({ document }) => document));
  } catch (fault) {
    show(place, faultBox(fault));
  }
}

function draw(place, sweeps) {
  const rows = rowsOf(sweeps);
  const different = rows.filter(([, values]) => differ(values)).length;
  const choice = h("label", {}, h("input", { type: "checkbox", class: "choose", "data-key": "only-different", checked: onlyDifferent,
    onchange: (event) => { onlyDifferent = event.target.checked; draw(place, sweeps); } }), `Only what differs: ${different} of ${rows.length} rows`);
  show(place, h("p", {}, choice), comparison(sweeps, onlyDifferent ? rows.filter(([, values]) => differ(values)) : rows));
}

const differ = (values) => new Set(values.map(String)).size > 1;

function rowsOf(sweeps) {
  const rows = ROWS.map(([heading, value]) => [heading, sweeps.map((sweep) => value(sweep) ?? "")]);
  const steps = sweeps[0].step_names;
  for (const step of steps) {
    rows.push([`options of ${step}`, sweeps.map(({ run }) => (run.parameters.options[step] ?? []).join("\n"))]);
  }
  return rows.filter(([, values]) => values.some((value) => value !== ""));
}

function comparison(sweeps, rows) {
  if (!rows.length) return h("p", { class: "quiet" }, "These runs do not differ.");
  return h("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Runs side by side" },
    h("table", { class: "comparison" }, h("caption", { class: "spoken" }, "Runs side by side; rows that differ are marked with ≠"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "spoken" }, "what")), sweeps.map(({ run }) => h("th", { scope: "col" }, `run ${run.run_id}`)))),
      h("tbody", {}, rows.map(([heading, values]) => row(heading, values)))));
}

function row(heading, values) {
  const differs = differ(values);
  return h("tr", { class: differs ? "differs" : null }, h("th", { scope: "row" }, heading, differs ? h("span", { class: "outcome" }, " ≠") : null),
    values.map((value) => h("td", {}, String(value))));
}

const last = (sweep) => [...sweep.steps].reverse().flatMap((step) => step.crystals.filter((c) => c.crystal_number === 1))[0];
const number = (value, digits) => (value === null || value === undefined ? "" : value.toFixed(digits));
const list = (values, digits) => (values ? values.map((value) => value.toFixed(digits)).join(" ") : "");

const ROWS = [
  ["outcome", ({ run }) => run.outcome?.replaceAll("_", " ") ?? "at work"],
  ["sentence", ({ run }) => run.sentence],
  ["asked for by", ({ run }) => run.requested_by],
  ["DIALS", ({ run }) => run.dials_version],
  ["geometry", ({ run }) => run.geometry_id ?? "of the headers"],
  ["profile", ({ run }) => run.parameters.profile],
  ["known space group", ({ run }) => run.parameters.space_group],
  ["known cell", ({ run }) => list(run.parameters.unit_cell, 2)],
  ["strong spots", ({ spots }) => spots?.spot_count],
  ["rungs climbed", ({ rungs }) => rungs.length],
  ["indexed", (sweep) => last(sweep)?.indexed_count],
  ["space group", (sweep) => last(sweep)?.space_group],
  ["a b c (Å)", (sweep) => list(last(sweep)?.cell.slice(0, 3), 3)],
  ["α β γ (°)", (sweep) => list(last(sweep)?.cell.slice(3), 3)],
  ["RMSD x (px)", (sweep) => number(last(sweep)?.rmsd_x_px, 3)],
  ["RMSD y (px)", (sweep) => number(last(sweep)?.rmsd_y_px, 3)],
  ["RMSD φ (°)", (sweep) => number(last(sweep)?.rmsd_phi_deg, 4)],
  ["distance (mm)", (sweep) => number(last(sweep)?.distance_mm, 3)],
  ["beam x, y (mm)", (sweep) => { const c = last(sweep); return c ? `${number(c.beam_x_mm, 3)} ${number(c.beam_y_mm, 3)}` : ""; }],
  ["integrated", ({ integration: i }) => (i ? Math.max(i.summed_count, i.profile_fitted_count) : "")],
  ["mean I/σ", ({ integration: i }) => number(i?.mean_i_over_sigma, 2)],
  ["d min (Å)", ({ integration: i }) => number(i?.d_min_angstrom, 2)],
  ["CPU (s)", ({ steps }) => number(steps.flatMap((s) => s.programs).reduce((sum, p) => sum + p.cpu_s, 0), 1)],
];
