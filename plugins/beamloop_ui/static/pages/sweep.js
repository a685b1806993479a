// Sweep: what happened, what to try, and everything that is kept of it.

import { ROOT } from "../lib/api.js";
import { airflowLink, dagRunPath, mappedTaskPath } from "../lib/airflow.js";
import { copyAll, copyLine } from "../lib/copy.js";
import { byId, h, show } from "../lib/dom.js";
import { live } from "../lib/live.js";
import { outcomeBadge } from "../lib/outcome.js";
import { plot } from "../lib/plot.js";
import { empty, faultBox, loading } from "../lib/states.js";
import { table } from "../lib/table.js";
import { moment, span } from "../lib/time.js";
import { showActions } from "./sweep_actions.js";
import { showComparison } from "./sweep_comparison.js";
import { showLogs } from "./sweep_logs.js";

const SWEEP = document.body.dataset.sweep;
const content = (id) => byId(id).querySelector(".content");
const chosen = new Set(); // runs to compare
let run = new URLSearchParams(location.search).get("run");

const path = (of) => `api/sweeps/${SWEEP}${of ? `?run=${encodeURIComponent(of)}` : ""}`;
for (const id of ["outcome", "steps", "figures", "runs", "logs", "files", "commands"]) show(content(id), loading());

const data = live(() => path(run), showAll, (fault) => {
  for (const id of ["steps", "figures", "runs", "logs", "files", "commands"]) show(content(id));
  show(content("outcome"), faultBox(fault));
});

function showAll(sweep) {
  show(content("outcome"), outcome(sweep));
  showActions(byId("actions"), sweep, () => { run = null; data.refresh(); });
  show(content("steps"), steps(sweep));
  show(content("figures"), figures(sweep));
  show(content("runs"), runs(sweep));
  show(content("files"), files(sweep));
  show(content("commands"), commands(sweep));
  showLogs(content("logs"), sweep);
}

function outcome(sweep) {
  const { run: shown, images, word } = sweep;
  const missing = images.missing.length ? `, without ${images.missing.join(", ")}` : "";
  const waits = shown.started_at ? `${sweep.steps.length} of ${sweep.step_names.length} steps` : "waiting";
  return h("div", { class: "verdict" },
    h("p", { class: "large" }, outcomeBadge(shown.outcome, waits)),
    shown.sentence ? h("p", {}, `${shown.outcome_step ? `At ${shown.outcome_step}: ` : ""}${shown.sentence}`) : null,
    shown.try_next ? h("p", {}, h("strong", {}, "What to try: "), shown.try_next) : null,
    !shown.outcome && shown.last_trouble ? h("p", { class: "outcome" }, `The last try met: ${shown.last_trouble}`) : null,
    word && word.kind !== "withdraw"
      ? h("p", {}, h("strong", {}, `${word.said_by} said ${word.kind}: `), word.why, " (", moment(word.said_at), ")") : null,
    h("p", { class: "quiet mono" }, `${images.directory}/${images.template}, images ${images.first} to ${images.last}${missing}`));
}

function steps(sweep) {
  const { run: shown, adopted, airflow } = sweep;
  const done = new Map(sweep.steps.map((step) => [step.step, step]));
  const left = shown.outcome ? "not done" : "still to do";
  return [
    h("p", {}, adopted
      ? ["Run ", shown.run_id, ": adopted by ", adopted.adopted_by, ", ", moment(adopted.adopted_at), ", from ", h("code", {}, adopted.directory)]
      : [`Run ${shown.run_id} with DIALS ${shown.dials_version}, asked for by ${shown.requested_by}, `, moment(shown.created_at), took(shown)]),
    h("p", { class: "quiet" }, sweep.parameter_words),
    shown.geometry_id ? h("p", {}, "Detector of ", h("a", { href: `${ROOT}/geometry?version=${shown.geometry_id}` }, `geometry ${shown.geometry_id}`),
      ", moved to the distance of the images.") : adopted ? null : h("p", { class: "quiet" }, "Geometry: as the images' headers say."),
    h("ol", { class: "steps" }, sweep.step_names.filter((name) => done.has(name) || !adopted).map((name) => step(name, done.get(name), left, sweep))),
    airflow ? h("p", {}, airflowLink(taskPath(airflow, null), "This run in Airflow")) : null,
  ];
}

function took({ created_at: asked, started_at: started, ended_at: ended }) {
  if (!started) return "; waiting";
  const wait = span((new Date(started) - new Date(asked)) / 1000);
  return ended ? `; began ${wait} later, took ${span((new Date(ended) - new Date(started)) / 1000)}` : `; began ${wait} later, at work`;
}

function step(name, done, left, sweep) {
  if (!done) return h("li", { class: "quiet" }, h("strong", {}, name), ` ${left}`);
  const cpu = done.programs.reduce((sum, program) => sum + program.cpu_s, 0);
  const isEnd = sweep.run.outcome && sweep.run.outcome !== "processed" && sweep.run.outcome_step === name;
  return h("li", {}, h("span", { class: `badge ${isEnd ? "outcome" : "good"}` }, `${isEnd ? "–" : "✓"} ${name}`), ` ${done.finding} `,
    h("span", { class: "quiet" }, `(${cpu.toFixed(1)} CPU s) `),
    sweep.airflow && sweep.airflow.group ? airflowLink(taskPath(sweep.airflow, name), "task") : null,
    name === "index" && sweep.rungs.length ? rungs(sweep.rungs) : null);
}

function taskPath({ dag_id: dag, dag_run_id: dagRun, group, map_index: at }, name) {
  // The mapped task of a step in the sweep's group; without a step, the run's page.
  return group && name ? mappedTaskPath(dag, dagRun, `${group}.${name}`, at) : dagRunPath(dag, dagRun);
}

function rungs(all) {
  const columns = [
    { key: "rung", heading: "rung", cell: (r) => String(r.rung) },
    { key: "method", heading: "method", cell: (r) => r.method },
    { key: "accepted", heading: "accepted", cell: (r) => (r.accepted ? h("span", { class: "good" }, "✓ yes") : "– no") },
    { key: "indexed", heading: "indexed", number: true, cell: (r) => r.indexed_count },
    { key: "finding", heading: "found", cell: (r) => r.finding },
    { key: "reason", heading: "why tried", cell: (r) => r.reason },
    { key: "cpu", heading: "CPU (s)", number: true, cell: (r) => r.cpu_s.toFixed(1) },
  ];
  return table({ caption: "Rungs of the indexing ladder", columns, rows: all });
}

function figures(sweep) {
  const crystals = sweep.steps.flatMap((done) => done.crystals.map((crystal) => ({ step: done.step, ...crystal })));
  if (!sweep.spots && !crystals.length) return empty("There are no figures yet.");
  return [integration(sweep.integration), crystals.length ? models(crystals) : null,
    h("div", { class: "plots" }, sweep.spots ? spots(sweep) : null, rmsds(crystals))];
}

function integration(found) {
  if (!found) return null;
  const strength = found.mean_i_over_sigma === null ? "" : `, mean I/σ ${found.mean_i_over_sigma.toFixed(1)}`;
  const limit = found.d_min_angstrom === null ? "" : `, to ${found.d_min_angstrom.toFixed(2)} Å`;
  return h("p", {}, `Integrated: ${found.summed_count} by summation, ${found.profile_fitted_count} by profile fitting${strength}${limit}; `,
    found.for_merging ? "fit for merging" : "for cells, not for merging");
}

const fixed = (value, digits) => (value === null ? "" : value.toFixed(digits));

function models(crystals) {
  const many = crystals.some(({ crystal_number: number }) => number > 1);
  const lengths = (c, from) => c.cell.slice(from, from + 3).map((value, at) => withSu(value, c.cell_su?.[from + at], 2)).join("  ");
  const columns = [
    { key: "step", heading: "after", cell: (c) => (many ? `${c.step}, crystal ${c.crystal_number}` : c.step) },
    { key: "group", heading: "space group", cell: (c) => c.space_group },
    { key: "abc", heading: "a  b  c (Å)", number: true, cell: (c) => lengths(c, 0) },
    { key: "angles", heading: "α  β  γ (°)", number: true, cell: (c) => lengths(c, 3) },
    { key: "indexed", heading: "indexed", number: true, cell: (c) => c.indexed_count },
    { key: "x", heading: "RMSD x (px)", number: true, cell: (c) => fixed(c.rmsd_x_px, 3) },
    { key: "y", heading: "RMSD y (px)", number: true, cell: (c) => fixed(c.rmsd_y_px, 3) },
    { key: "phi", heading: "RMSD φ (°)", number: true, cell: (c) => fixed(c.rmsd_phi_deg, 3) },
    { key: "distance", heading: "distance (mm)", number: true, cell: (c) => fixed(c.distance_mm, 3) },
    { key: "beam", heading: "beam x, y (mm)", number: true, cell: (c) => `${fixed(c.beam_x_mm, 2)}  ${fixed(c.beam_y_mm, 2)}` },
  ];
  return table({ caption: "Crystal, detector and beam after each step", columns, rows: crystals });
}

// Below half of the last digit, an uncertainty is that of a value which symmetry fixes.
const withSu = (value, su, digits) => `${value.toFixed(digits)}${su && su >= 0.5 * 10 ** -digits ? `±${su.toFixed(digits)}` : ""}`;

function spots({ spots: found, images }) {
  const missing = new Set(images.missing);
  const numbers = [];
  for (let number = images.first; numbers.length < found.spots_per_image.length; number += 1) {
    if (!missing.has(number)) numbers.push(number);
  }
  return plot({ title: `Strong spots per image, ${found.spot_count} in all`, xLabel: "image", yLabel: "spots", x: numbers,
    series: [{ label: "spots", y: found.spots_per_image, kind: "bars" }] });
}

function rmsds(crystals) {
  const own = crystals.filter((c) => c.crystal_number === 1 && c.rmsd_x_px !== null);
  if (own.length < 2) return null;
  const columns = [["RMSD x (px)", "rmsd_x_px", "--work-fill"], ["RMSD y (px)", "rmsd_y_px", "--outcome-fill"], ["RMSD φ (°)", "rmsd_phi_deg", "--good-fill"]];
  return plot({ title: `RMSDs after ${own.map(({ step }) => step).join(", ")}`, xLabel: "step", yLabel: "px, °", x: own.map((_, at) => at + 1),
    series: columns.map(([label, key, colour]) => ({ label, y: own.map((c) => c[key]), colour })) });
}

function runs(sweep) {
  const shown = sweep.run.run_id;
  const columns = [
    { key: "run", heading: "run", cell: (r) => (r.run_id === shown ? h("strong", {}, `${r.run_id}, shown`)
      : h("a", { href: `${ROOT}/sweep/${SWEEP}?run=${r.run_id}` }, String(r.run_id))) },
    { key: "asked", heading: "asked for", cell: (r) => [moment(r.created_at), " by ", r.requested_by] },
    { key: "outcome", heading: "outcome", cell: (r) => outcomeBadge(r.outcome, r.started_at ? "at work" : "waiting") },
    { key: "changes", heading: `how it differs from run ${shown}`, cell: (r) => (r.run_id === shown ? "" : r.changes.join("; ") || "the same parameters") },
    { key: "compare", heading: "compare", cell: (r) => h("label", {}, h("input", { type: "checkbox", class: "choose", checked: chosen.has(r.run_id), "data-key": `compare-${r.run_id}`,
      onchange: (e) => compare(r.run_id, e.target.checked) }), h("span", { class: "spoken" }, `compare run ${r.run_id}`)) },
  ];
  const hint = sweep.runs.length > 1 ? h("p", { class: "quiet" }, "Choose two or more runs to see them side by side.") : null;
  return [table({ caption: "Runs of this sweep", columns, rows: sweep.runs }), hint];
}

function compare(runId, isChosen) {
  if (isChosen) chosen.add(runId);
  else chosen.delete(runId);
  showComparison(byId("comparison"), [...chosen].sort((a, b) => a - b), path);
}

function files(sweep) {
  if (!sweep.files.length) return empty("No file is published yet.");
  const columns = [
    { key: "name", heading: "file", cell: (f) => h("a", { href: `${ROOT}/files/run/${f.artifact_id}` }, f.name) },
    { key: "step", heading: "step", cell: (f) => f.step },
    { key: "size", heading: "size", number: true, cell: (f) => size(f.size_bytes) },
  ];
  return [table({ caption: "Published files, to download", columns, rows: sweep.files }),
    h("p", { class: "quiet" }, "Work folder, as long as it is kept: ", h("code", {}, sweep.run_directory))];
}

function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function commands(sweep) {
  if (!sweep.commands.length) return empty("No program has run yet.");
  return [h("p", { class: "quiet" }, "In a shell on a machine that sees the work folder: a copy, so that the run's own files stay as they are."),
    sweep.commands.map(({ line, trouble }) => copyLine(line, trouble)), copyAll(sweep.commands.map(({ line }) => line)),
    sweep.adopted ? null : [h("p", { class: "quiet" }, "The whole run with plain DIALS commands, as a script:"), copyLine(`beamloop reproduce ${sweep.run.run_id}`)]];
}
