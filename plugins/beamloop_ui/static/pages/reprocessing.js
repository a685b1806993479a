// Processing sweeps again, wherever a page offers it: one dialog, which says beforehand what would be done.

import { askToAct, WHY } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { counted } from "../lib/table.js";

const FIELDS = [
  { name: "profile", label: "Profile", choices: [["", "as before"], "cells", "full"], hint: "cells is fast summation, full is for merging." },
  { name: "space_group", label: "Space group", hint: 'E.g. "H 3"; "none" forgets it; empty: as before.' },
  { name: "unit_cell", label: "Unit cell", hint: 'a,b,c,α,β,γ in Å and °; "none" forgets it; empty: as before.' },
  { name: "settings", label: "Settings of programs", hint: "PROGRAM.OPTION=VALUE, separated by spaces, e.g. index.indexing.method=fft1d" },
  { name: "again", label: "Repeat known work", choices: ["no", "yes"], hint: "The same parameters, images and DIALS once more." },
  WHY,
];

/**
 * Ask for sweeps to be processed again.
 * @param {object} options
 * @param {string} options.title  "Process xtal2_1 again"
 * @param {number[]} options.sweepIds
 * @param {any} options.explain
 * @param {() => void} [options.onDone]
 */
export function askToReprocess({ title, sweepIds, explain, onDone }) {
  askToAct({ title, explain, button: "Process", fields: FIELDS, path: "api/reprocess", body: { sweep_ids: sweepIds }, onDone,
    preview: { path: "api/reprocess/preview", without: ["why"], draw: expected } });
}

function expected({ to_process: count, known, left_out: leftOut, changes }) {
  const sweeps = (number) => counted(number, "sweep");
  return [
    h("strong", {}, count ? `${sweeps(count)} will be processed:` : "Nothing will be processed."),
    h("ul", {}, changes.map((change) => h("li", {}, changes.length > 1 ? `${sweeps(change.count)}: ` : "", change.words)),
      known ? h("li", { class: "quiet" }, `${sweeps(known)} left: known with these parameters.`) : null,
      leftOut ? h("li", { class: "quiet" }, `${sweeps(leftOut)} left: adopted without images, or never processed.`) : null),
  ];
}
