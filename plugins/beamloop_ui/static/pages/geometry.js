// Geometry: which refined detector serves data of which time, the versions, one of them in full, drift.

import { airflowLink } from "../lib/airflow.js";
import { ROOT } from "../lib/api.js";
import { controlChart } from "../lib/control_chart.js";
import { byId, h, show } from "../lib/dom.js";
import { live } from "../lib/live.js";
import { empty, faultBox, loading } from "../lib/states.js";
import { pager, table } from "../lib/table.js";
import { moment } from "../lib/time.js";
import { showPeriods } from "./geometry_periods.js";
import { makeVersionView, stateBadge } from "./geometry_version.js";

const content = (id) => byId(id).querySelector(".content");
const given = new URLSearchParams(location.search);
const state = { beamline: given.get("beamline") ?? "", offset: 0, version: Number(given.get("version")) || null };
let shown = null;

for (const id of ["periods", "versions", "drift", "metrologies"]) show(content(id), loading());

const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value));
const data = live(() => `api/geometries?${query({ beamline: state.beamline, offset: state.offset })}`, (document) => {
  shown = document;
  showAll();
  if (!state.version && document.versions.length) choose(firstOfInterest(document.versions), false);
}, (fault) => {
  show(content("versions"));
  show(content("metrologies"));
  show(content("periods"), faultBox(fault));
});

const view = makeVersionView(byId("version"), { onActed: () => data.refresh(), onChoose: (number) => choose(number) });
if (state.version) view.open(state.version);

live(() => `api/drift?${query({ beamline: state.beamline })}`, (document) => show(content("drift"), drift(document)),
  (fault) => show(content("drift"), faultBox(fault)), { everyMs: 60_000 });

// A candidate waits for a person; else what serves now.
const firstOfInterest = (versions) => (versions.find((one) => one.state === "candidate") ?? versions.find((one) => one.state === "in_force") ?? versions[0]).geometry_id;

function choose(number, move = true) {
  state.version = number;
  history.replaceState(null, "", `?${query({ beamline: state.beamline, version: number })}`);
  view.open(number);
  showAll();
  if (move) {
    byId("version").scrollIntoView({ block: "start" });
    byId("version-heading").focus({ preventScroll: true });
  }
}

function turnTo(change) {
  Object.assign(state, { offset: 0 }, change);
  data.refresh();
}

function showAll() {
  const { beamlines, versions, periods, metrologies } = shown;
  const choice = (value, words) => h("option", { value, selected: value === state.beamline }, words);
  show(byId("filters"), beamlines.length > 1 ? h("label", {}, "Beamline", h("select", { id: "beamline", onchange: (e) => turnTo({ beamline: e.target.value }) },
    choice("", "all"), beamlines.map((name) => choice(name, name)))) : null,
    h("p", { class: "quiet" }, "In Airflow: ", airflowLink("dags/refine_metrology", "refine_metrology"), ", ", airflowLink("required_actions", "questions that wait for an answer")));
  showPeriods(content("periods"), periods, { chosen: state.version, onChoose: choose });
  show(content("versions"), versions.length ? [table({ caption: "Versions of geometries", columns, rows: versions,
    rowAttributes: (row) => ({ "aria-current": row.geometry_id === state.version ? "true" : null }) }),
    pager({ total: shown.total, perPage: shown.per_page, offset: state.offset, onMove: (offset) => turnTo({ offset }) })]
    : empty("There is no refined geometry: imports take the detector as the images' headers say.", "Metrology makes candidates by night from well-diffracting sweeps; `beamloop metrology run` does it now."));
  byId("metrologies").hidden = !metrologies.length;
  show(content("metrologies"), table({ caption: "Metrologies", columns: metrologyColumns, rows: metrologies }));
}

const columns = [
  { key: "geometry", heading: "geometry", cell: (row) => h("button", { type: "button", class: "plain", "data-key": `version-${row.geometry_id}`, onclick: () => choose(row.geometry_id) },
    `Geometry ${row.geometry_id}`) },
  { key: "state", heading: "state", cell: (row) => stateBadge(row.state) },
  { key: "beamline", heading: "beamline", cell: (row) => row.beamline },
  { key: "detector", heading: "detector", cell: (row) => h("div", { class: "middle" }, row.detector, h("div", { class: "quiet" }, panels(row))) },
  { key: "data", heading: "serves data", cell: (row) => row.valid_from ? h("div", { class: "middle" }, "from ", moment(row.valid_from), row.valid_until ? [" until ", moment(row.valid_until)] : "") : "" },
  { key: "distance", heading: "distance (mm)", number: true, cell: (row) => row.distance_mm.toFixed(3) },
  { key: "rmsd", heading: "RMSD x y, held out (µm)", number: true, cell: (row) => rmsd(row) },
  { key: "halves", heading: "halves agree to (µm)", number: true, cell: (row) => row.half_split_um?.toFixed(1) },
  { key: "made", heading: "made", cell: (row) => [moment(row.made_at), h("div", { class: "quiet" }, row.made_by)] },
  { key: "decided", heading: "decided", cell: (row) => row.decision ? [`${row.decision}: ${row.decided_by}`, h("div", { class: "quiet reason" }, row.why)]
    : h("span", { class: "work" }, "nobody has decided") },
];

const panels = (row) => `${row.panel_count === 1 ? "1 panel" : `${row.panel_count} panels`}, level ${row.hierarchy_level}`;

function rmsd({ rmsd_before_mm: before, rmsd_after_mm: after }) {
  if (!before || !after) return h("span", { class: "outcome" }, "no evidence");
  const better = Math.hypot(...after) <= Math.hypot(...before);
  const words = (pair) => pair.map((value) => (1000 * value).toFixed(1)).join(" ");
  return [`${words(before)} → `, h("span", { class: better ? "better" : "worse" }, `${words(after)} ${better ? "▼" : "▲"}`)];
}

const metrologyColumns = [
  { key: "number", heading: "metrology", cell: (row) => `Metrology ${row.metrology_id}` },
  { key: "beamline", heading: "beamline", cell: (row) => row.beamline },
  { key: "detector", heading: "detector", cell: (row) => `${row.detector || "not read yet"}, ${row.distance_mm.toFixed(1)} mm` },
  { key: "state", heading: "state", cell: (row) => ({ waiting: h("span", { class: "badge work" }, "… at work or waiting"), kept: h("span", { class: "badge outcome" }, "– kept, no candidate"),
    failed: h("span", { class: "badge broken" }, "✗ failed") })[row.state] },
  { key: "words", heading: "what came of it", cell: (row) => [h("div", { class: "reason" }, row.sentence || row.last_trouble), row.try_next ? h("div", { class: "quiet" }, row.try_next) : null] },
  { key: "asked", heading: "asked for", cell: (row) => [moment(row.asked_at), h("div", { class: "quiet" }, row.requested_by)] },
];

function drift({ detectors, panels_shown: limit }) {
  if (!detectors.length) return empty("Nothing is charted yet.", "Each metrology adds a point; control limits come with the 21st.");
  return detectors.map((one) => [
    h("h3", {}, `${one.beamline}, ${one.detector} at ${one.header_distance_mm.toFixed(1)} mm`),
    one.services.map((service) => h("p", {}, "Serviced ", moment(service.serviced_at), `, says ${service.said_by}: ${service.why}`)),
    h("div", { class: "plots" }, one.whole.map((series) => controlChart(series, one.services))),
    one.panels.length ? [h("h3", { class: "broken" }, `✗ ${one.panels_out} series of panels have left their limits`), h("div", { class: "plots" }, one.panels.map((series) => controlChart(series, one.services))),
      one.panels_out > limit ? h("p", { class: "quiet" }, `The first ${limit} are shown; \`beamloop geometry drift\` has all.`) : null]
      : h("p", { class: "good" }, one.has_limits ? "✓ No panel has left its limits." : ""),
    one.has_limits ? null : h("p", { class: "quiet" }, "Too few points for control limits yet."),
  ]);
}
