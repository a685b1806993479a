// Merged data of the groups: the newest merge of each, its table of statistics, its files.

import { airflowLink } from "../lib/airflow.js";
import { ask, ROOT } from "../lib/api.js";
import { h, show } from "../lib/dom.js";
import { empty, faultBox, loading } from "../lib/states.js";
import { table } from "../lib/table.js";
import { moment } from "../lib/time.js";

const STATES = { waiting: ["work", "… waiting"], merged: ["good", "✓ merged"], failed: ["broken", "✗ failed"] };

/** Show the newest merge of each group. */
export function showMerges(place, details, { merges }) {
  const inAirflow = h("p", { class: "quiet" }, "In Airflow: ", airflowLink("dags/merge_group", "merge_group"));
  if (!merges.length) {
    show(place, empty("No group has been merged yet.", "`beamloop merge COLLECTION` merges the groups that were processed with the profile full."), inAirflow);
    return;
  }
  const columns = [
    { key: "group", heading: "group", cell: (row) => row.group_name },
    { key: "state", heading: "state", cell: (row) => h("span", { class: `badge ${STATES[row.state]?.[0] ?? ""}` }, STATES[row.state]?.[1] ?? row.state) },
    { key: "data_sets", heading: "data sets", number: true, cell: (row) => row.dataset_count },
    { key: "space_group", heading: "space group", cell: (row) => row.space_group },
    { key: "cell", heading: "cell", cell: (row) => row.cell?.map((value) => value.toFixed(2)).join(" ") },
    { key: "words", heading: "what came of it", cell: (row) => h("div", { class: "reason" }, row.sentence) },
    { key: "when", heading: "ended", cell: (row) => moment(row.ended_at) ?? ["asked for ", moment(row.asked_at)] },
    { key: "more", heading: h("span", { class: "spoken" }, "more"), cell: (row) => row.state !== "merged" ? null
      : h("button", { type: "button", "data-key": `merge-${row.merge_id}`, onclick: () => showOne(details, row) }, "Statistics") },
  ];
  show(place, table({ caption: "Merges", columns, rows: merges }), inAirflow);
}

async function showOne(details, row) {
  show(details, loading());
  try {
    const { document } = await ask(`api/merges/${row.merge_id}`);
    show(details, h("h3", { tabindex: "-1" }, `Group ${row.group_name}, merged`), statistics(document));
    details.querySelector("h3").focus();
  } catch (fault) {
    if (!fault.what) throw fault;
    show(details, faultBox(fault));
  }
}

function statistics({ merged, left, files }) {
  const number = (key, heading, digits) => ({ key, heading, number: true, cell: (row) => row[key]?.toFixed(digits) ?? "" });
  const columns = [
    { key: "shell", heading: "resolution (Å)", cell: (row) => `${row.overall ? "all: " : ""}${row.d_max_angstrom.toFixed(2)} to ${row.d_min_angstrom.toFixed(2)}` },
    number("observation_count", "observations", 0), number("unique_count", "unique", 0), number("completeness_percent", "complete (%)", 1),
    number("multiplicity", "multiplicity", 2), number("i_over_sigma", "I/σ", 1), number("r_merge", "Rmerge", 3), number("r_meas", "Rmeas", 3),
    number("r_pim", "Rpim", 3), number("cc_half", "CC½", 3),
  ];
  return [
    table({ caption: "Statistics of the merged data", columns, rows: [{ ...merged.overall, overall: true }, ...merged.shells] }),
    left.length ? h("details", {}, h("summary", {}, `${left.length} crystals were not taken`), h("ul", {}, left.map((one) => h("li", {}, `${one.sweep}: ${one.why}`)))) : null,
    h("ul", { "aria-label": "Files" }, files.map((file) => h("li", {}, h("a", { href: `${ROOT}/files/merge/${file.artifact_id}` }, file.name)))),
  ];
}
