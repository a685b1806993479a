// Group: who belongs to it, what joint refinement made of the cells, the merged data.

import { ROOT } from "../lib/api.js";
import { histogram, varyingParameters } from "../lib/cell_plots.js";
import { showAsked } from "../lib/details.js";
import { byId, h, show } from "../lib/dom.js";
import { jointComparison, jointTable } from "../lib/joints.js";
import { live } from "../lib/live.js";
import { mergeStatistics, mergeTable } from "../lib/merges.js";
import { empty, faultBox, loading } from "../lib/states.js";
import { counted, table } from "../lib/table.js";
import { moment } from "../lib/time.js";

const GROUP = document.body.dataset.group;
const PARTS = ["standing", "members", "joint", "merged"];
const CRYSTALS_SHOWN = 100;
const content = (id) => byId(id).querySelector(".content");
const given = new URLSearchParams(location.search);
// What is open in full: what the address names, or the newest that has figures.
const open = { joint: Number(given.get("joint")) || null, merge: Number(given.get("merge")) || null };
const wasShown = { joint: null, merge: null };
let showAllCrystals = false;

for (const id of PARTS) show(content(id), loading());

live(() => `api/groups/${GROUP}`, (found) => {
  show(content("standing"), standing(found));
  show(content("members"), members(found));
  showJoints(found);
  showMerges(found);
}, (fault) => {
  for (const id of PARTS) show(content(id));
  show(content("standing"), faultBox(fault));
}, { everyMs: 10_000 });

function standing({ group, crystals }) {
  if (!group.report_id) return empty("No report names this group yet.", "It is named by the collection's next report.");
  const sweeps = new Set(crystals.map((one) => one.sweep_id)).size;
  return [
    h("p", { class: "large" }, `LCV ${group.lcv_percent.toFixed(2)} %`, h("span", { class: "quiet" }, ` (${group.alcv_angstrom.toFixed(2)} Å), limit ${group.limit_percent} %`)),
    group.is_newest ? null : h("p", { class: "outcome" }, "– The collection's newest report has this group no more: its crystals belong to others, or were set aside. Below it is as it was."),
    h("p", { class: "quiet" }, `${counted(crystals.length, "crystal")} of ${counted(sweeps, "sweep")}, cells in the setting ${group.setting}. `,
      "Report ", group.report_id, " of ", moment(group.published_at), ". ",
      group.report_file ? h("a", { href: `${ROOT}/files/report/${group.report_file}?show=true` }, "The report to keep") : null),
  ];
}

function members(found) {
  const { crystals } = found;
  if (!crystals.length) return empty("No crystal is known to belong to it.");
  const number = (key, heading, at, digits) => ({ key, heading, number: true, cell: (row) => row.common_cell[at].toFixed(digits) });
  const angles = crystals.some((one) => one.common_cell.slice(3).some((angle) => angle !== 90));
  const columns = [
    { key: "sweep", heading: "crystal", cell: (row) => h("a", { href: `${ROOT}/sweep/${row.sweep_id}?run=${row.run_id}` }, row.crystal_number > 1 ? `${row.sweep} (${row.crystal_number})` : row.sweep) },
    { key: "collection", heading: "collection", cell: (row) => h("a", { href: `${ROOT}/collection/${row.collection_id}` }, row.collection) },
    { key: "space_group", heading: "space group", cell: (row) => row.space_group },
    number("a", "a (Å)", 0, 3), number("b", "b (Å)", 1, 3), number("c", "c (Å)", 2, 3),
    ...(angles ? [number("alpha", "α (°)", 3, 2), number("beta", "β (°)", 4, 2), number("gamma", "γ (°)", 5, 2)] : []),
    { key: "z", heading: "robust z", number: true, cell: (row) => row.robust_z?.toFixed(1) ?? "" },
  ];
  const shown = showAllCrystals ? crystals : crystals.slice(0, CRYSTALS_SHOWN);
  const cells = crystals.map((one) => one.common_cell);
  return [
    h("div", { class: "plots" }, varyingParameters(cells).map((at) => histogram(cells, cells.map(() => 0), at))),
    h("div", { class: "scrolls" }, table({ caption: "Crystals of the group", columns, rows: shown })),
    shown.length < crystals.length ? h("button", { type: "button", "data-key": "all-crystals", onclick: () => { showAllCrystals = true; show(content("members"), members(found)); } },
      `Show ${crystals.length - shown.length} more`) : null,
  ];
}

const asked = { key: "asked", heading: "asked for", cell: (row) => [moment(row.asked_at), h("div", { class: "quiet" }, `by ${row.requested_by}`)] };

function showJoints(found) {
  const { joints } = found;
  if (!joints.length) {
    show(content("joint"), empty("It has not been refined jointly yet.", "It is done by night, or by `beamloop joint COLLECTION`."));
    return;
  }
  open.joint ??= joints.find((one) => one.lcv_before_percent !== null)?.joint_id ?? null;
  show(content("joint"), jointTable({ caption: "Joint refinements of the group, the newest first", joints, first: asked, open: open.joint, onOpen: (row) => {
    open.joint = row.joint_id;
    showJoints(found);
  } }));
  showOpen("joint", `api/joints/${open.joint}`, `Joint refinement ${open.joint}, crystal by crystal`, jointComparison,
    joints.find((one) => one.joint_id === open.joint)?.ended_at);
}

function showMerges(found) {
  const { merges } = found;
  if (!merges.length) {
    show(content("merged"), empty("It has not been merged yet.", "`beamloop merge COLLECTION` merges the groups that were processed with the profile full."));
    return;
  }
  open.merge ??= merges.find((one) => one.state === "merged")?.merge_id ?? null;
  show(content("merged"), mergeTable({ caption: "Merges of the group, the newest first", merges, first: asked, open: open.merge, onOpen: (row) => {
    open.merge = row.merge_id;
    showMerges(found);
  } }));
  const isMerged = merges.some((one) => one.merge_id === open.merge && one.state === "merged");
  if (isMerged) showOpen("merge", `api/merges/${open.merge}`, `Merge ${open.merge}`, mergeStatistics, "merged");
}

// Fetched once for each, and again when it has ended.
function showOpen(kind, path, heading, draw, version) {
  if (!open[kind]) return;
  const mark = `${open[kind]} ${version}`;
  if (wasShown[kind] === mark) return;
  const first = wasShown[kind] === null;
  wasShown[kind] = mark;
  showAsked(byId(`${kind}-details`), heading, path, draw, { focus: !first });
}
