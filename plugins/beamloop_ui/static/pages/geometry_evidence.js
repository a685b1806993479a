// The tables of a candidate's evidence, as its metrology wrote them; what is missing is left out.

import { h } from "../lib/dom.js";
import { table } from "../lib/table.js";

const um = (pair) => (pair ? pair.map((value) => (1000 * value).toFixed(1)).join(" ") : "");
// Rounded first: no figure is called minus nothing.
const fixed = (value, digits) => (typeof value === "number" ? (Number(value.toFixed(digits)) + 0).toFixed(digits) : "");
const number = (key, heading, cell) => ({ key, heading, number: true, cell });
const WHOLE = [["distance_mm", "distance (mm)", 3], ["beam_fast_mm", "beam centre along fast (mm)", 3], ["beam_slow_mm", "beam centre along slow (mm)", 3],
  ["tilt_fast_mrad", "tilt about fast (mrad)", 2], ["tilt_slow_mrad", "tilt about slow (mrad)", 2]];

/** Show the tables of an evidence. */
export function evidenceTables(evidence) {
  const details = evidence.details ?? {};
  return [wholeTable(details.whole), levelTable(details.levels), shellTable(details.shells), groupTable(details.groups), panelTable(evidence, details), sweepTable(details.sweeps)];
}

const part = (words, body, open = false) => h("details", { open }, h("summary", {}, words), h("div", { class: "scrolls" }, body));

function wholeTable(whole) {
  if (!whole?.after) return null;
  const columns = [
    { key: "name", heading: "the detector as a whole", cell: (row) => row[1] },
    ...["header", "before", "after"].map((moment) => number(moment, { header: "headers", before: "as imported", after: "this version" }[moment], (row) => fixed(whole[moment]?.[row[0]], row[2]))),
  ];
  return part("Distance, beam centre, tilts", table({ caption: "The detector as a whole", columns, rows: WHOLE }), true);
}

function rmsdColumns(of, what) {
  return [number(`${what}-count`, `${what}: reflections`, (row) => of(row)?.count), number(`${what}-before`, "RMSD x y before (µm)", (row) => um(of(row)?.rmsd_before_mm)),
    number(`${what}-whole`, "moved as one body (µm)", (row) => um(of(row)?.rmsd_whole_mm)), number(`${what}-after`, "after (µm)", (row) => um(of(row)?.rmsd_after_mm))];
}

function levelTable(levels) {
  if (!levels?.length) return null;
  const columns = [{ key: "level", heading: "level", cell: (row) => row.level }, number("used", "refined against", (row) => row.used_count),
    number("rmsd", "RMSD x y there (µm)", (row) => um(row.rmsd_mm)), number("held", "RMSD x y, held out (µm)", (row) => um(row.held_out_rmsd_mm)),
    { key: "fixed", heading: "not refined", cell: (row) => (row.fixed_parts ?? row.fixed_panels ?? []).join(", ") }];
  return part("Levels of refinement", table({ caption: "Levels", columns, rows: levels }));
}

function shellTable(shells) {
  if (!shells?.length) return null;
  const columns = [{ key: "shell", heading: "resolution (Å)", cell: (row) => `${fixed(row.d_max_angstrom, 2)} to ${fixed(row.d_min_angstrom, 2)}` },
    ...rmsdColumns((row) => row.held_out, "held out")];
  return part("By resolution", table({ caption: "Residuals by resolution", columns, rows: shells }));
}

function movedColumns(what) {
  return [{ key: what, heading: what, cell: (row) => [row[what], row.fixed ? h("div", { class: "outcome" }, "not refined") : null] },
    number("shift", "moved, fast slow (µm)", (row) => row.shift_um?.slice(0, 2).map((value) => value.toFixed(1)).join(" ")),
    number("turned", "turned, normal (mrad)", (row) => fixed(row.rotation_mrad?.[2], 2)),
    number("halves", "halves differ, fast slow (µm)", (row) => row.half_split_um?.map((value) => value.toFixed(1)).join(" ")),
    number("used", "refined against", (row) => row.used_count)];
}

function groupTable(groups) {
  if (!groups?.length) return null;
  const columns = [{ key: "level", heading: "level", cell: (row) => row.level }, ...movedColumns("group"),
    number("panels", "panels", (row) => row.panels.length), ...rmsdColumns((row) => row.held_out, "held out")];
  return part(`Groups of panels (${groups.length})`, table({ caption: "Groups of panels", columns, rows: groups }));
}

function panelTable(evidence, details) {
  const rows = details.panels?.length ? details.panels : (evidence.panels ?? []).map((panel) => ({ panel: panel.name, shift_um: panel.shift_um,
    held_out: { count: panel.held_out_count, rmsd_before_mm: panel.held_out_rmsd_before_mm, rmsd_after_mm: panel.held_out_rmsd_after_mm } }));
  if (!rows.length) return null;
  const columns = [...movedColumns("panel"), number("covered", "covered", (row) => (typeof row.covered_fraction === "number" ? `${Math.round(100 * row.covered_fraction)} %` : "")),
    ...rmsdColumns((row) => row.held_out, "held out")];
  return part(`Panels (${rows.length})`, table({ caption: "Panels", columns, rows }));
}

function sweepTable(sweeps) {
  if (!sweeps?.length) return null;
  const columns = [{ key: "sweep", heading: "sweep", cell: (row) => `${row.collection} ${row.sweep}` }, { key: "role", heading: "role", cell: (row) => (row.role ?? "not used").replaceAll("_", " ") },
    { key: "why", heading: "why", cell: (row) => row.why }];
  return part(`Sweeps that were offered (${sweeps.length})`, table({ caption: "Sweeps", columns, rows: sweeps }));
}
