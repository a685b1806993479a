// Groups: what the nights made of crystals that belong together, in all collections.

import { airflowLink, dagRunPath } from "../lib/airflow.js";
import { ROOT } from "../lib/api.js";
import { byId, h, show } from "../lib/dom.js";
import { change, jointBadge } from "../lib/joints.js";
import { live } from "../lib/live.js";
import { mergeBadge } from "../lib/merges.js";
import { empty, faultBox, loading } from "../lib/states.js";
import { pager, table } from "../lib/table.js";
import { moment } from "../lib/time.js";

const DAGS = { joint_run: "refine_joint", merge_run: "merge_group" };
const given = new URLSearchParams(location.search);
const kind = Object.keys(DAGS).find((name) => given.has(name)) ?? null;
const state = { beamline: "", offset: 0, ...(kind ? { [kind]: given.get(kind) } : {}) };
const content = byId("groups").querySelector(".content");
show(content, loading());

const data = live(() => `api/groups?${new URLSearchParams(Object.entries(state).filter(([, value]) => value !== ""))}`,
  (document) => {
    showFilters(document.beamlines);
    show(content, kind ? ofRun() : null, rows(document));
  },
  (fault) => show(content, faultBox(fault)), { everyMs: 10_000 });

function turnTo(changed) {
  Object.assign(state, { offset: 0 }, changed);
  data.refresh();
}

function showFilters(beamlines) {
  const choice = (value, words) => h("option", { value, selected: value === state.beamline }, words);
  show(byId("filters"), beamlines.length > 1 ? h("label", {}, "Beamline", h("select", { id: "beamline", onchange: (e) => turnTo({ beamline: e.target.value }) },
    choice("", "all"), beamlines.map((name) => choice(name, name)))) : null);
}

function ofRun() {
  return h("p", {}, "Groups of one run of ", airflowLink(dagRunPath(DAGS[kind], state[kind]), DAGS[kind]), ". ", h("a", { href: `${ROOT}/groups` }, "Show all groups"));
}

function rows({ groups, total, per_page: perPage }) {
  if (!groups.length) {
    return kind ? empty("This run of Airflow took up no group.", "Nothing waited, or it is older than these pages.")
      : empty("No group has been refined or merged yet.", "Groups come with a collection's report; they are refined by night, or by `beamloop joint COLLECTION`.");
  }
  const columns = [
    { key: "group", heading: "group", cell: (row) => h("a", { href: `${ROOT}/group/${row.group_id}` }, `${row.collection} ${row.group_name}`) },
    { key: "beamline", heading: "beamline", cell: (row) => row.beamline },
    { key: "joint", heading: "joint refinement", cell: (row) => (row.joint_id ? [jointBadge(row.joint_state), h("div", { class: "quiet" }, moment(row.joint_ended_at))] : h("span", { class: "quiet" }, "none")) },
    { key: "crystals", heading: "crystals", number: true, cell: (row) => (row.joint_id ? row.crystals : "") },
    { key: "lcv", heading: "LCV (%)", number: true, cell: (row) => change(row.lcv_before_percent, row.lcv_after_percent, 2) },
    { key: "spread", heading: "spread of axes (%)", number: true, cell: (row) => change(row.spread_before_percent, row.spread_after_percent, 3) },
    { key: "joint_words", heading: "what came of it", cell: (row) => h("div", { class: "reason" }, row.joint_sentence) },
    { key: "merge", heading: "merged data", cell: (row) => (row.merge_id ? [mergeBadge(row.merge_state), h("div", { class: "quiet" }, merged(row))] : h("span", { class: "quiet" }, "none")) },
  ];
  return [table({ caption: "Groups", columns, rows: groups }),
    pager({ total, perPage, offset: state.offset, onMove: (offset) => turnTo({ offset }) })];
}

function merged(row) {
  if (row.d_min_angstrom === null) return row.merge_sentence;
  const half = row.cc_half === null ? "" : `, CC½ ${row.cc_half.toFixed(3)}`;
  const complete = row.completeness_percent === null ? "" : `, ${row.completeness_percent.toFixed(1)} % complete`;
  return `${row.dataset_count} data sets to ${row.d_min_angstrom.toFixed(2)} Å${complete}${half}`;
}
