// Failures: what went wrong in a period, by common cause.

import { ROOT } from "../lib/api.js";
import { byId, h, show } from "../lib/dom.js";
import { periodFilters } from "../lib/filters.js";
import { live } from "../lib/live.js";
import { kindOf, outcomeBadge } from "../lib/outcome.js";
import { empty, faultBox, listed, loading } from "../lib/states.js";
import { counted, table } from "../lib/table.js";
import { moment } from "../lib/time.js";
import { askToReprocess } from "./reprocessing.js";

const place = byId("causes").querySelector(".content");
let moreOf = null; // the cause of which all sweeps are shown
let may = { reprocess: false };
show(place, loading());

const filters = periodFilters(() => { moreOf = null; data.refresh(); });
const data = live(() => `api/failures?${filters.query(moreOf === null ? {} : { more_of: moreOf })}`,
  (document) => { filters.show(document.beamlines); may = document.may; show(place, causes(document)); },
  (fault) => show(place, faultBox(fault)), { everyMs: 15_000 });

function causes({ count, is_cut: isCut, causes: all }) {
  if (!all.length) return empty("No sweep is without a result in this period.", "Choose a longer period.");
  return [h("p", {}, `${isCut ? "The newest " : ""}${counted(count, "sweep")} without a result, ${counted(all.length, "cause")}.`), all.map((cause) => section(cause))];
}

function section(cause) {
  const columns = [
    { key: "sweep", heading: "sweep", cell: (s) => h("a", { href: `${ROOT}/run/${s.run_id}` }, s.sweep) },
    { key: "collection", heading: "collection", cell: (s) => s.collection },
    { key: "beamline", heading: "beamline", cell: (s) => s.beamline },
    { key: "sentence", heading: "what happened", cell: (s) => s.sentence },
    { key: "at", heading: "when", cell: (s) => moment(s.recorded_at) },
  ];
  const places = cause.places.map(({ collection, beamline, count }) => `${collection} (${beamline}) ${count}`).join(", ");
  const hidden = cause.count - cause.sweeps.length;
  return h("article", { class: `cause ${kindOf(cause.outcome)}-edge` },
    h("h2", {}, `${cause.count} × `, outcomeBadge(cause.outcome)),
    h("p", {}, cause.count === 1 ? cause.example : cause.cause),
    cause.try_next ? h("p", {}, h("strong", {}, "What to try: "), cause.try_next) : null,
    may.reprocess ? h("div", { class: "buttons" }, h("button", { type: "button", "data-key": `reprocess-${cause.number}`, onclick: () => reprocess(cause) },
      cause.count === 1 ? "Process it again …" : `Process all ${cause.count} again …`)) : null,
    h("p", { class: "quiet" }, places, " · ", moment(cause.first_at), cause.count > 1 ? [" to ", moment(cause.last_at)] : null),
    h("details", { open: cause.count <= 12 || moreOf === cause.number }, h("summary", { "data-key": `cause-${cause.number}` }, counted(cause.count, "sweep")),
      table({ caption: `Sweeps of cause ${cause.number + 1}, ${cause.outcome}`, columns, rows: cause.sweeps }),
      hidden > 0 ? h("button", { type: "button", "data-key": `more-${cause.number}`, onclick: () => { moreOf = cause.number; data.refresh(); } }, `Show ${hidden} more`) : null));
}

// The sweeps that the page has counted, also those that it does not list: what a person sees is what is done.
function reprocess(cause) {
  askToReprocess({ title: `Process again: ${counted(cause.count, "sweep")} with ${cause.outcome.replaceAll("_", " ")}`, sweepIds: cause.sweep_ids,
    explain: ["New runs beside the earlier ones, which stay.", listed(cause.places.map(({ collection, count }) => `${collection} ${count}`))],
    onDone: () => data.refresh() });
}
