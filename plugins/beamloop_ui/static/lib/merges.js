// Merges: a table of them, and the statistics and files of one.

import { airflowLink, mappedTaskPath } from "./airflow.js";
import { ROOT } from "./api.js";
import { h } from "./dom.js";
import { counted, table } from "./table.js";
import { moment } from "./time.js";

const STATES = { waiting: ["work", "… waiting"], merged: ["good", "✓ merged"], failed: ["broken", "✗ failed"] };

/** The state of a merge as a badge. */
export const mergeBadge = (state) => h("span", { class: `badge ${STATES[state]?.[0] ?? ""}` }, STATES[state]?.[1] ?? state);

/**
 * A table of merges.
 * @param {object} options
 * @param {string} options.caption
 * @param {object[]} options.merges
 * @param {object} options.first  the first column: the group's name, or the time
 * @param {number|null} options.open  the one that is shown in full
 * @param {(row: object) => void} options.onOpen
 */
export function mergeTable({ caption, merges, first, open, onOpen }) {
  const columns = [
    first,
    { key: "state", heading: "state", cell: (row) => mergeBadge(row.state) },
    { key: "data_sets", heading: "data sets", number: true, cell: (row) => row.dataset_count },
    { key: "space_group", heading: "space group", cell: (row) => row.space_group },
    { key: "cell", heading: "cell", cell: (row) => row.cell?.map((value) => value.toFixed(2)).join(" ") },
    { key: "words", heading: "what came of it", cell: (row) => h("div", { class: "reason" }, row.sentence) },
    { key: "when", heading: "ended", cell: (row) => moment(row.ended_at) ?? ["asked for ", moment(row.asked_at)] },
    { key: "more", heading: h("span", { class: "spoken" }, "more"), cell: (row) => h("div", { class: "buttons" },
      row.state === "merged" ? h("button", { type: "button", "data-key": `merge-${row.merge_id}`, "aria-expanded": String(open === row.merge_id),
        onclick: () => onOpen(row) }, "Statistics") : null,
      row.dag_run_id ? airflowLink(mappedTaskPath("merge_group", row.dag_run_id, "merge", row.map_index), "Airflow") : null) },
  ];
  return table({ caption, columns, rows: merges });
}

/** One merge in full: its table of statistics, what was left out, files. */
export function mergeStatistics({ merged, left, files }) {
  const number = (key, heading, digits) => ({ key, heading, number: true, cell: (row) => row[key]?.toFixed(digits) ?? "" });
  const columns = [
    { key: "shell", heading: "resolution (Å)", cell: (row) => `${row.overall ? "all: " : ""}${row.d_max_angstrom.toFixed(2)} to ${row.d_min_angstrom.toFixed(2)}` },
    number("observation_count", "observations", 0), number("unique_count", "unique", 0), number("completeness_percent", "complete (%)", 1),
    number("multiplicity", "multiplicity", 2), number("i_over_sigma", "I/σ", 1), number("r_merge", "Rmerge", 3), number("r_meas", "Rmeas", 3),
    number("r_pim", "Rpim", 3), number("cc_half", "CC½", 3),
  ];
  return [
    table({ caption: "Statistics of the merged data", columns, rows: [{ ...merged.overall, overall: true }, ...merged.shells] }),
    left.length ? h("details", {}, h("summary", {}, `${counted(left.length, "crystal")} not taken`), h("ul", {}, left.map((one) => h("li", {}, `${one.sweep}: ${one.why}`)))) : null,
    h("ul", { "aria-label": "Files" }, files.map((file) => h("li", {}, h("a", { href: `${ROOT}/files/merge/${file.artifact_id}` }, file.name)))),
  ];
}
