// One version in full: what speaks for it, who decided, what was imported with it; promote, reject, withdraw.

import { airflowLink } from "../lib/airflow.js";
import { ROOT } from "../lib/api.js";
import { panelMap, shadeLegend, shiftMap } from "../lib/detector_map.js";
import { askToAct, WHY } from "../lib/dialog.js";
import { h, show } from "../lib/dom.js";
import { live } from "../lib/live.js";
import { empty, faultBox, loading } from "../lib/states.js";
import { table } from "../lib/table.js";
import { moment } from "../lib/time.js";
import { evidenceTables } from "./geometry_evidence.js";
import { askToReprocess } from "./reprocessing.js";

const STATES = { candidate: ["work", "… candidate"], in_force: ["good", "✓ in force"], superseded: ["", "◷ serves older data"], rejected: ["broken", "✗ rejected"], withdrawn: ["broken", "↶ withdrawn"] };
const STALE_SHOWN = 100;

/** A state as a badge. */
export function stateBadge(state) {
  const [kind, words] = STATES[state] ?? ["", state];
  return h("span", { class: `badge ${kind}` }, words);
}

/** Keep one version shown in a section; `open(number)` turns to another. */
export function makeVersionView(section, { onActed }) {
  const heading = section.querySelector("h2");
  const content = section.querySelector(".content");
  let number = null;
  let data = null;

  function open(other) {
    if (other === number) return;
    number = other;
    section.hidden = false;
    show(heading, `Geometry ${number}`);
    show(content, loading());
    if (data) data.refresh();
    else data = live(() => `api/geometries/${number}`, showAll, (fault) => show(content, faultBox(fault)), { everyMs: 10_000 });
  }

  function showAll(document) {
    const { version } = document;
    show(heading, `Geometry ${version.geometry_id} of ${version.beamline}`);
    const acted = () => { data.refresh(); onActed(); };
    show(content, h("p", { class: "large" }, stateBadge(version.state), " ", version.detector), question(document), facts(document), actions(document, acted),
      gate(document), evidence(document), h("h3", {}, "Who decided"), decisions(document), h("h3", {}, "Made from"), sources(document),
      h("h3", {}, "Imported with it"), imported(document, acted));
  }

  return { open };
}

function question({ question: asked }) {
  if (!asked) return null;
  return h("p", { class: "verdict", id: "question" }, h("span", { class: "work" }, "… A person is asked whether it shall serve"), ": ",
    asked.approvers.length ? asked.approvers.join(", ") : "whoever may start refine_metrology", ", since ", moment(asked.asked_at), ", until ", moment(asked.until),
    ". Decide here, or among ", airflowLink("required_actions", "Airflow's required actions"), ".");
}

function facts({ version, metrology }) {
  const header = version.header_distance_mm;
  const serves = version.valid_from ? [moment(version.valid_from), version.valid_until ? [" until ", moment(version.valid_until)] : " without end",
    version.state === "withdrawn" ? " (served once, serves no more)" : ""] : "no data yet";
  const rows = [
    ["serves data from", serves],
    ["distance", `${version.distance_mm.toFixed(3)} mm along the beam${header === null ? "; the headers' is not known" : `, ${signed(version.distance_mm - header, 3)} mm against the headers' ${header.toFixed(3)} mm`}`],
    ["refined", `${version.panel_count === 1 ? "one panel" : `${version.panel_count} panels`} at level ${version.hierarchy_level}${version.takes_beam ? ", beam taken too" : ""}${version.takes_goniometer ? ", goniometer taken too" : ""}`],
    ["made", [`${version.origin}, by ${version.made_by}, `, moment(version.made_at)]],
    ["files", [h("a", { href: `${ROOT}/files/geometry/${version.geometry_id}` }, "models.expt"),
      metrology?.report_file ? [", ", h("a", { href: `${ROOT}/files/metrology/${metrology.report_file}?show=true` }, `report of metrology ${metrology.metrology_id}`)] : ""]],
  ];
  return h("dl", { class: "facts" }, rows.map(([words, value]) => [h("dt", {}, words), h("dd", {}, value)]));
}

const signed = (value, digits) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;

function actions(document, onDone) {
  const { version, may, gate: found } = document;
  const number = version.geometry_id;
  const serves = version.state === "in_force" || version.state === "superseded";
  const asks = document.question ? " Airflow's question about it ends." : "";
  if (!may.decide) {
    return h("p", { class: "quiet" }, found.approvers.length ? `Those who decide here: ${found.approvers.join(", ")}.`
      : found.fault ?? "You may look, not decide: that takes the right to start refine_metrology in Airflow.");
  }
  const button = (kind, words, options, primary = false) => h("button", { type: "button", class: primary ? "primary" : null, "data-key": kind, id: `decide-${kind}`,
    onclick: () => askToAct({ path: `api/geometry/${kind}`, body: { geometry_id: number }, onDone, ...options }) }, words);
  const since = { name: "since", label: "Serves data collected from (UTC)", type: "datetime-local", hint: "Empty: from now on, and nothing that is processed changes. Data from an earlier time on become stale, and may be processed again." };
  const unproved = version.evidence ? [] : [{ name: "without_evidence", label: "Without evidence", choices: ["no", "yes"], hint: "There is none on held-out data: yes takes it upon yourself." }];
  return h("div", { class: "buttons", role: "group", "aria-label": "Decide" },
    serves ? null : button("promote", "Promote …", { title: `Let geometry ${number} serve`, button: "Promote", fields: [WHY, since, ...unproved],
      explain: [gain(version), h("p", {}, `It serves the imports of ${version.beamline}'s data from a time on; what serves then serves until then. Withdrawing it is the way back.${asks}`)] }, version.state === "candidate" && !found.faults.length),
    version.state === "candidate" ? button("reject", "Reject …", { title: `Reject geometry ${number}`, button: "Reject", fields: [WHY],
      explain: [gain(version), h("p", {}, `It serves nothing. It stays here with its evidence and may still be promoted.${asks}`)] }) : null,
    serves ? button("withdraw", "Withdraw …", { title: `Withdraw geometry ${number}`, button: "Withdraw", fields: [WHY],
      explain: `It serves no data any more, at no time: the version before it serves in its place, or the headers'. ${staleWords(document.imported.total)}` }) : null);
}

// What is decided about, in the dialog that decides: the evidence itself lies behind it.
function gain({ evidence: found }) {
  if (!found) return h("p", { class: "outcome" }, "– There is no evidence on data that it was not refined against.");
  return h("p", {}, `RMSD of ${found.held_out_count} held-out reflections along x and y: ${micrometres(found.held_out_rmsd_before_mm)} µm before, `,
    h("strong", {}, `${micrometres(found.held_out_rmsd_after_mm)} µm`), " with it.");
}

const staleWords = (count) => (count ? `${count === 1 ? "1 sweep that was imported with it becomes" : `${count} sweeps that were imported with it become`} stale; they can be processed again below.` : "Nothing was imported with it.");
const micrometres = (pair) => pair.map((value) => (1000 * value).toFixed(1)).join(" and ");

function gate({ gate: found, version }) {
  if (found.fault) return h("p", { class: "outcome" }, `The beamline's gate is not known: ${found.fault}`);
  if (!found.faults.length) return h("p", { class: "good" }, "✓ It passes the gate of its beamline.");
  return h("div", { class: "fault" }, h("p", {}, h("strong", {}, version.evidence ? "It falls short of the gate of its beamline:" : "Nothing speaks for it:")), h("ul", {}, found.faults.map((words) => h("li", {}, words))));
}

function evidence({ version, face }) {
  const found = version.evidence;
  if (!found) return null;
  const summary = [
    ["held-out reflections", found.held_out_count],
    ["RMSD along x and y", `${micrometres(found.held_out_rmsd_before_mm)} µm before, ${micrometres(found.held_out_rmsd_after_mm)} µm after`],
    ["panels with enough reflections", `${found.covered_panel_count} of ${version.panel_count}`],
    ["two halves of the data agree to", found.half_split_um === null || found.half_split_um === undefined ? "not said" : `${found.half_split_um.toFixed(1)} µm`],
  ];
  return [h("h3", {}, "What speaks for it: data that it was not refined against"),
    h("dl", { class: "facts" }, summary.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])), maps(found, face), evidenceTables(found)];
}

function maps({ panels }, face) {
  if (!panels?.length) return null;
  if (face.panels_mm.length !== panels.length) {
    return h("p", { class: "outcome" }, `The detector's face cannot be drawn: ${face.fault ?? "the evidence is of other panels"}`);
  }
  // Evidence and models have the panels in one order.
  const named = { beam_mm: face.beam_mm, panels: panels.map(({ name }, at) => ({ name, corners_mm: face.panels_mm[at] })) };
  const residuals = (key) => new Map(panels.map((panel) => [panel.name, panel.held_out_count ? 1000 * Math.hypot(...panel[key]) : null]));
  const [before, after] = [residuals("held_out_rmsd_before_mm"), residuals("held_out_rmsd_after_mm")];
  const most = Math.max(...[...before.values(), ...after.values()].filter((value) => value !== null), 0);
  const counts = new Map(panels.map((panel) => [panel.name, panel.held_out_count]));
  const words = (name, value) => `${name}: ${value === null ? "no held-out reflections" : `${value.toFixed(1)} µm from ${counts.get(name)} reflections`}`;
  const shifts = new Map(panels.map((panel) => [panel.name, panel.shift_um]));
  return [shadeLegend(most, "µm"), h("div", { class: "two", id: "panel-maps" },
    panelMap(named, before, { title: "Residuals by panel before", most, words }), panelMap(named, after, { title: "Residuals by panel after", most, words }),
    shiftMap(named, shifts, { title: "How far panels moved against each other", words: (name, shift) => `${name}: ${shift ? `${shift[0].toFixed(1)} along fast, ${shift[1].toFixed(1)} along slow (µm)` : "not known"}` }))];
}

function decisions({ decisions: found }) {
  if (!found.length) return h("p", { class: "work" }, "Nobody has decided.");
  return h("ol", { class: "decisions" }, found.map((one) => h("li", {}, h("strong", {}, one.decision), ` by ${one.decided_by}, `, moment(one.decided_at),
    one.in_force_from ? [", for data from ", moment(one.in_force_from)] : "", one.without_evidence ? h("span", { class: "outcome" }, ", without evidence") : "", ": ", one.why)));
}

function sources({ sources: found }) {
  if (!found.length) return h("p", { class: "quiet" }, "No runs of the catalogue are known to have made it.");
  const of = (role) => found.filter((one) => one.role === role);
  const links = (some) => some.map((one, at) => [at ? ", " : "", h("a", { href: `${ROOT}/run/${one.run_id}` }, `${one.collection} ${one.sweep}`)]);
  return h("dl", { class: "facts" }, h("dt", {}, "refined against"), h("dd", {}, links(of("refined"))), h("dt", {}, "held out"), h("dd", {}, links(of("held_out"))));
}

function imported({ imported: { sweeps, total, stale_total: stale }, version, may }, onDone) {
  if (!total) return empty("Nothing has been imported with it.");
  const staleSweeps = sweeps.filter((one) => one.is_stale);
  const columns = [
    { key: "sweep", heading: "sweep", cell: (row) => h("a", { href: `${ROOT}/sweep/${row.sweep_id}?run=${row.run_id}` }, row.sweep) },
    { key: "collection", heading: "collection", cell: (row) => h("a", { href: `${ROOT}/collection/${row.collection_id}` }, row.collection) },
    { key: "collected", heading: "collected", cell: (row) => moment(row.collected_at) },
    { key: "serves", heading: "serves it now", cell: (row) => row.is_stale ? h("span", { class: "outcome" }, `– stale: ${row.serving_id ? `geometry ${row.serving_id}` : "the headers' geometry"}`)
      : h("span", { class: "good" }, "✓ this one") },
  ];
  return [h("p", {}, `${total} ${total === 1 ? "sweep" : "sweeps"}, `, stale ? h("strong", { class: "outcome" }, `${stale} of them stale: another geometry serves them now.`) : "none stale."),
    staleSweeps.length && may.reprocess ? h("div", { class: "buttons" }, h("button", { type: "button", id: "reprocess-stale", "data-key": "reprocess-stale", onclick: () => askToReprocess({
      title: `Process again what is stale: ${staleSweeps.length} sweeps`, sweepIds: staleSweeps.map((one) => one.sweep_id), explain: `They are imported with the geometry that serves them now; their runs with geometry ${version.geometry_id} stay.`, onDone }) }, `Process ${staleSweeps.length} stale again …`)) : null,
    stale > staleSweeps.length ? h("p", { class: "quiet" }, `These are the first ${staleSweeps.length}; \`beamloop reprocess --geometry ${version.geometry_id}\` takes all.`) : null,
    h("div", { class: "scrolls" }, table({ caption: "Sweeps imported with this version", columns, rows: sweeps.slice(0, STALE_SHOWN) })),
    total > STALE_SHOWN ? h("p", { class: "quiet" }, `and ${total - Math.min(STALE_SHOWN, sweeps.length)} more`) : null];
}
