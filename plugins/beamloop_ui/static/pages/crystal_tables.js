// Crystals in tables: the groups at the limit, those that are in no group of the tree, what the report found.

import { airflowLink } from "../lib/airflow.js";
import { ROOT } from "../lib/api.js";
import { swatch } from "../lib/cell_plots.js";
import { h, show } from "../lib/dom.js";
import { empty } from "../lib/states.js";
import { table } from "../lib/table.js";
import { crystalActions } from "./crystal_actions.js";

const [GROUPS_SHOWN, MEMBERS_NAMED, ALONE_NAMED, ASIDE_SHOWN] = [40, 6, 12, 200];
const spoken = (words) => h("span", { class: "spoken" }, words);
const andMore = (count, shown) => (count > shown ? h("p", { class: "quiet" }, `and ${count - shown} more`) : null);

/** Show the groups that the limit cuts, see `groupsAt`, in a view, see collection_crystals.js. */
export function showGroups(place, view, { groups, large }) {
  const { crystals } = view;
  const rows = large.map((group, number) => ({ ...group, number }));
  const alone = groups.filter((group) => group.members.length === 1).map((group) => crystals.nameOf(group.members[0]));
  show(place,
    rows.length ? table({ caption: "Groups at this limit", columns: groupColumns(view), rows: rows.slice(0, GROUPS_SHOWN) })
      : empty("At this limit no two crystals belong together.", "Move the limit up."),
    andMore(rows.length, GROUPS_SHOWN),
    alone.length ? h("p", { class: "quiet" }, `Alone: ${alone.slice(0, ALONE_NAMED).join(", ")}`,
      alone.length > ALONE_NAMED ? ` and ${alone.length - ALONE_NAMED} more` : "") : null,
    h("p", { class: "quiet" }, "What becomes of groups, in Airflow: ", airflowLink("dags/check_isomorphism", "reports"), ", ",
      airflowLink("dags/refine_joint", "joint refinement"), ", ", airflowLink("dags/merge_group", "merging")));
}

function groupColumns(view) {
  const { crystals } = view;
  const members = (row) => row.members.slice(0, MEMBERS_NAMED).map(crystals.nameOf).join(", ");
  return [
    { key: "name", heading: "group", cell: (row) => [swatch(row.number), crystals.groupWords(row.members)] },
    { key: "crystals", heading: "crystals", number: true, cell: (row) => row.members.length },
    { key: "lcv", heading: "LCV (%)", number: true, cell: (row) => row.lcv.toFixed(3) },
    { key: "alcv", heading: "aLCV (Å)", number: true, cell: (row) => row.alcv.toFixed(3) },
    { key: "members", heading: "crystals", cell: (row) => `${members(row)}${row.members.length > MEMBERS_NAMED ? " …" : ""}` },
    { key: "show", heading: spoken("show"), cell: (row) => groupButtons(view, row) },
  ];
}

function groupButtons({ crystals, chooseGroup, onShowGroup }, row) {
  const group = crystals.groupOfReport(row.members);
  return h("div", { class: "buttons tight" },
    h("button", { type: "button", "data-key": `pick-${row.at}`, onclick: () => chooseGroup(row.at) }, "Choose"),
    group ? h("button", { type: "button", "data-key": `sweeps-${row.at}`, onclick: () => onShowGroup(String(group)) }, "Sweeps") : null);
}

/** Show the crystals that are no members of the tree's groups, and why. */
export function showAside(place, view) {
  const aside = view.crystals.all.filter((one) => one.standing !== "member");
  show(place, aside.length ? [h("h3", {}, "Set aside, excluded, not judged"), h("div", { class: "scrolls" },
    table({ caption: "Crystals in no group of the tree", columns: asideColumns(view), rows: aside.slice(0, ASIDE_SHOWN) })),
    andMore(aside.length, ASIDE_SHOWN)] : null);
}

const asideColumns = (view) => [
  { key: "name", heading: "crystal", cell: (row) => h("a", { href: `${ROOT}/sweep/${row.sweep_id}?run=${row.run_id}` }, view.crystals.name(row)) },
  { key: "standing", heading: "standing", cell: (row) => row.standing.replaceAll("_", " ") },
  { key: "cell", heading: "cell", cell: (row) => row.cell.map((value) => value.toFixed(1)).join(" ") },
  { key: "z", heading: "robust z", number: true, cell: (row) => row.robust_z?.toFixed(1) },
  { key: "why", heading: "why", cell: (row) => row.sentence },
  { key: "act", heading: spoken("act"), cell: (row) => crystalActions(view, [row], "aside") },
];

/** Show the findings of a report. */
export function showFindings(place, { findings }) {
  show(place, findings.length ? h("ul", {}, findings.map(finding)) : null);
}

function finding({ severity, sentence, sweeps }) {
  const [colour, sign] = severity === "critical" ? ["broken", "✗"] : ["outcome", "–"];
  // A sentence names the first few with their values.
  const others = sweeps.filter((sweep) => !sentence.includes(`${sweep} `));
  return h("li", { class: colour }, `${sign} ${sentence}`, others.length ? ` (${others.join(", ")})` : "");
}
