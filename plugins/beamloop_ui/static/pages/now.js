// Now: is the platform well, what do the beamlines do, what became of tonight's collections?

import { ROOT } from "../lib/api.js";
import { airflowLink, dagRunPath } from "../lib/airflow.js";
import { byId, h, show } from "../lib/dom.js";
import { periodFilters } from "../lib/filters.js";
import { live } from "../lib/live.js";
import { empty, faultBox, loading } from "../lib/states.js";
import { counted, pager, table } from "../lib/table.js";
import { moment, span } from "../lib/time.js";

let offset = 0; // of the collections
const content = (id) => byId(id).querySelector(".content");

for (const id of ["health", "beamlines", "collections", "at-work"]) show(content(id), loading());

const filters = periodFilters(() => turnTo(0));
const data = live(
  () => `api/now?${filters.query({ offset })}`,
  (document) => {
    filters.show(document.beamlines.map(({ beamline }) => beamline));
    show(content("beamlines"), beamlines(document.beamlines));
    show(content("collections"), collections(document));
    show(content("at-work"), atWork(document));
    showStanding(document);
  },
  (fault) => {
    for (const id of ["beamlines", "at-work"]) show(content(id));
    show(content("collections"), faultBox(fault));
  },
);

live(() => "api/health", (document) => show(content("health"), checks(document.checks)),
  (fault) => show(content("health"), faultBox(fault)), { everyMs: 15_000 });

function turnTo(first) {
  offset = first;
  data.refresh();
}

function checks(all) {
  return h("ul", { class: "cards checks" }, all.map(({ name, is_well, words, try_next }) =>
    h("li", { class: "card" }, h("span", { class: `badge ${is_well ? "good" : "broken"}` }, `${is_well ? "✓" : "✗"} ${name}`),
      h("div", {}, words), try_next && !is_well ? h("div", { class: "quiet" }, `→ ${try_next}`) : null)));
}

function beamlines(all) {
  if (!all.length) {
    return empty("No beamline has sent anything yet.", "Put images into a folder that a beamline's file names, or `beamloop process FOLDER`.");
  }
  return h("div", { class: "cards wide" }, all.map((one) => h("article", { class: "card" }, h("h3", {}, one.beamline),
    h("dl", { class: "facts" },
      fact("at work", one.at_work), fact("waiting", one.waiting),
      fact("processed", one.processed, one.processed ? "good" : ""),
      fact("without a result", one.without_result, one.without_result ? "outcome" : ""),
      one.need_a_person ? fact("need a person", one.need_a_person, "broken") : null,
      one.arriving_folders ? fact("folders arriving", one.arriving_folders) : null,
      fact("last image to result", latency(one)),
      fact("last result", one.last_ended_at ? moment(one.last_ended_at) : "none in this period")))));
}

const fact = (words, value, kind = "") => [h("dt", {}, words), h("dd", { class: kind }, value)];

function latency({ latency_median_s: median, latency_p95_s: p95 }) {
  if (median === null) return "no watched sweep in this period";
  return `half within ${span(median)}, 95 % within ${span(p95)}`;
}

function collections({ collections: rows, collections_total: total, collections_per_page: perPage }) {
  if (!rows.length) return empty("No collection was worked on in this period.", "Choose a longer period.");
  const columns = [
    { key: "name", heading: "collection", cell: (row) => [h("a", { href: `${ROOT}/collection/${row.collection_id}` }, row.name),
      h("div", { class: "quiet" }, row.directory)] },
    { key: "beamline", heading: "beamline", cell: (row) => row.beamline },
    { key: "progress", heading: "progress", cell: progress },
    { key: "sweeps", heading: "sweeps", number: true, cell: (row) => row.sweeps },
    { key: "processed", heading: "processed", number: true, cell: (row) => row.processed },
    { key: "without_result", heading: "without result", number: true, cell: (row) => row.without_result },
    { key: "at_work", heading: "at work", number: true, cell: (row) => row.at_work },
    { key: "waiting", heading: "waiting", number: true, cell: (row) => row.waiting },
    { key: "crystals", heading: "crystals", cell: (row) => verdict(row) },
    { key: "active_at", heading: "last moved", cell: (row) => moment(row.active_at) },
  ];
  return [table({ caption: "Collections of the period", columns, rows }),
    pager({ total, perPage, offset, onMove: turnTo })];
}

const VERDICTS = { isomorphous: "belong together", not_isomorphous: "differ", too_few: "too few to tell", implausible: "implausible cells" };

function verdict(row) {
  if (!row.verdict) return h("span", { class: "quiet" }, "no report yet");
  return h("span", { title: row.verdict_sentence }, VERDICTS[row.verdict] ?? row.verdict);
}

function progress(row) {
  const parts = [["good", row.processed], ["broken", row.need_a_person], ["outcome", row.without_result - row.need_a_person],
    ["work", row.at_work], ["wait", row.waiting]];
  const ended = row.processed + row.without_result;
  return h("div", { class: "progress", role: "img", "aria-label": `${ended} of ${row.sweeps} ended` },
    parts.map(([kind, count]) => h("span", { class: kind, style: { width: `${(100 * count) / Math.max(1, row.sweeps)}%` } })));
}

function atWork({ at_work: rows, at_work_total: total, steps }) {
  if (!rows.length) return empty("Nothing is at work.");
  const columns = [
    { key: "sweep", heading: "sweep", cell: (row) => h("a", { href: `${ROOT}/sweep/${row.sweep_id}` }, row.sweep) },
    { key: "collection", heading: "collection", cell: (row) => row.collection },
    { key: "beamline", heading: "beamline", cell: (row) => row.beamline },
    { key: "steps", heading: "steps done", number: true, cell: (row) => `${row.steps_done} of ${steps}` },
    { key: "started", heading: "begun", cell: (row) => moment(row.started_at) },
    { key: "trouble", heading: "last trouble", cell: (row) => row.last_trouble },
  ];
  const more = total > rows.length ? h("p", { class: "quiet" }, `and ${total - rows.length} more`) : null;
  return [table({ caption: "Runs at work", columns, rows }), more];
}

function showStanding({ messages, standing }) {
  const lines = standing.map((one) => [
    one.run_id
      ? [h("a", { href: `${ROOT}/run/${one.run_id}` }, one.sweep), ` of ${one.collection} (${one.beamline}): no step has ended since `]
      : `${one.collection} (${one.beamline}): nothing is at work, and it has waited since `,
    moment(one.since), ". ", one.trouble ? `The last try met: ${one.trouble} ` : "",
    airflowLink(dagRunPath("process_collection", one.dag_run_id), "Its run in Airflow")]);
  const unsent = (count, words) => [h("a", { href: `${ROOT}/messages?${filters.query()}` }, counted(count, "message")), words];
  if (messages.in_trouble) lines.push(unsent(messages.in_trouble, " could not be sent yet, to be tried again."));
  if (messages.given_up) lines.push(unsent(messages.given_up, " given up in this period."));
  byId("standing").hidden = !lines.length;
  show(content("standing"), lines.map((line) => h("p", {}, h("span", { class: "broken" }, "✗ "), line)));
}
