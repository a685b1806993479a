// Which crystals belong together: the tree with a limit to move, groups as they would be, a branch to act on, cells.

import { airflowLink } from "../lib/airflow.js";
import { ask, ROOT } from "../lib/api.js";
import { histogram, parameterName, scatter, swatch, varyingParameters } from "../lib/cell_plots.js";
import { COLOURS, makeDendrogram } from "../lib/dendrogram.js";
import { askToAct, WHY } from "../lib/dialog.js";
import { h, show } from "../lib/dom.js";
import { contentStands } from "../lib/live.js";
import { empty, faultBox, listed, loading } from "../lib/states.js";
import { counted, table } from "../lib/table.js";
import { cut, layOut, membersOf, nameGroup, variationOf } from "../lib/tree.js";
import { moment } from "../lib/time.js";
import { askToReprocess } from "./reprocessing.js";

const [LEAST, MOST] = [0.01, 100]; // percent
const STEPS = 1000; // of the slider, equal ones in the limit's logarithm
const GROUPS_SHOWN = 40;
const position = (percent) => Math.round((STEPS * Math.log(percent / LEAST)) / Math.log(MOST / LEAST));
const percentAt = (place) => Number((LEAST * (MOST / LEAST) ** (place / STEPS)).toPrecision(3));

let view = null; // of the report that is shown
let asked = null;

/** Show the newest report's crystals; called with each change of the collection's document. */
export async function showCrystals(place, document, { onActed, onShowGroup }) {
  const { report } = document;
  if (!report) {
    asked = null;
    show(place, empty("There is no report on the crystals yet.",
      "It is made by itself when sweeps are processed; five minutes at most while others are at work."));
    return;
  }
  if (asked === report.report_id) {
    view?.update(document);
    return;
  }
  asked = report.report_id;
  if (!view) show(place, loading());
  try {
    const { document: crystals } = await ask(`api/reports/${report.report_id}`);
    view = makeView(place, document, crystals, { onActed, onShowGroup });
    contentStands();
  } catch (fault) {
    if (!fault.what) throw fault;
    asked = null;
    show(place, faultBox(fault));
  }
}

function makeView(place, about, found, { onActed, onShowGroup }) {
  let document = about; // of the collection
  const crystals = found.crystals.map((row) => Object.fromEntries(found.columns.map((name, at) => [name, row[at]])));
  const bySerial = new Map(crystals.filter((one) => one.serial).map((one) => [one.serial, one]));
  const several = new Set();
  crystals.forEach((one) => { if (one.crystal_number > 1) several.add(one.sweep_id); });
  const nameOf = (serial) => crystalName(bySerial.get(serial));
  const crystalName = (one) => (several.has(one.sweep_id) ? `${one.sweep} (${one.crystal_number})` : one.sweep);
  const groupNames = new Map(document.report.groups.map((group) => [group.group_id, group.name]));
  const reportGroup = new Map([...bySerial].map(([serial, one]) => [serial, groupNames.get(one.group_id)]));
  const sizes = new Map(document.report.groups.map((group) => [group.name, group.crystals]));
  const trees = found.trees ? { inliers: layOut(found.trees.inliers), all: layOut(found.trees.all) } : null;
  const state = { limit: document.report.limit_percent, axis: "lcv", which: "inliers", picked: null, x: 0, y: 2, may: document.may };
  const parts = Object.fromEntries(["controls", "tree", "branch", "groups", "aside", "plots", "findings"].map((name) =>
    [name, h("div", { id: `crystals-${name}` })]));
  const controls = makeControls();
  let waiting = 0;

  if (!trees?.inliers.count) {
    show(place, empty("There is no tree: it takes two crystals.", ""), parts.findings, parts.aside);
    showAside();
    showFindings();
    return { update: () => {} };
  }
  show(place, parts.findings, parts.controls, h("div", { class: "tree-and-branch" }, h("div", { class: "tree-frame" }, parts.tree), parts.branch),
    h("h3", {}, "Groups at this limit"), parts.groups, parts.aside, h("h3", {}, "Cells"), parts.plots);
  const nameLength = Math.max(...[...bySerial.keys()].map((serial) => nameOf(serial).length));
  const dendrogram = makeDendrogram(parts.tree, { nameOf, onLimit: (percent) => move(Number(percent.toPrecision(3))), onPick: pick });
  showControls();
  showFindings();
  showAside();
  draw();

  function update(newer) {
    document = newer;
    state.may = newer.may;
    showControls();
    showBranch();
  }

  function move(percent) {
    state.limit = Math.min(MOST, Math.max(LEAST, percent));
    // The picture follows at the screen's pace, however fast the mouse is.
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => { showControls(); draw(); });
  }

  function groupsNow() {
    const groups = cut(trees.inliers, state.limit);
    // Other forms of the crystal, which are no part of this tree, keep the groups of the report.
    const numberOf = new Map();
    groups.forEach((group, number) => { if (group.members.length > 1) group.members.forEach((serial) => numberOf.set(serial, number)); });
    return { groups, numberOf };
  }

  function draw() {
    const { groups, numberOf } = groupsNow();
    const labels = state.which === "inliers" ? groups.filter((group) => group.members.length > 1)
      .map((group, number) => ({ at: group.at, number, words: shortName(nameGroup(group.members, reportGroup, sizes)) })) : [];
    dendrogram.update({ tree: trees[state.which], axis: state.axis, limit: state.limit, numberOf, labels, nameLength, mayMove: state.which === "inliers" });
    showGroups(groups);
    showPlots(numberOf);
    showBranch();
  }

  // Made once: a slider that is being dragged must stay the same element.
  function makeControls() {
    const turn = (name) => (value) => { Object.assign(state, { [name]: value, ...(name === "which" ? { picked: null } : {}) }); draw(); };
    return {
      slider: h("input", { id: "limit-slider", type: "range", min: 0, max: STEPS, step: 1, oninput: (e) => move(percentAt(Number(e.target.value))) }),
      number: h("input", { id: "limit-number", type: "number", min: LEAST, max: MOST, step: "any", onchange: (e) => { if (Number(e.target.value) > 0) move(Number(e.target.value)); } }),
      which: choices("tree-which", [["inliers", "without what is set aside"], ["all", "all crystals"]], state.which, turn("which")),
      axis: choices("tree-axis", [["lcv", "LCV of the branch"], ["ward", "Ward distance, as BLEND"]], state.axis, turn("axis")),
      buttons: h("div", { class: "buttons" }),
      words: h("p", { id: "limit-words", role: "status" }),
    };
  }

  function showControls() {
    const standing = document.report.limit_percent;
    const word = document.limit_word;
    const { groups } = groupsNow();
    const large = groups.filter((group) => group.members.length > 1).length;
    const alone = groups.length - large;
    const { slider, number, which, axis, buttons, words } = controls;
    if (!parts.controls.childElementCount) {
      show(parts.controls, h("div", { class: "limit-controls" }, h("label", {}, "Limit of LCV", slider), h("label", {}, "Limit (%)", number),
        h("label", {}, "Tree", which), h("label", {}, "Height", axis), buttons), words);
    }
    slider.value = position(state.limit);
    slider.setAttribute("aria-valuetext", `${state.limit} %: ${counted(large, "group")}, ${alone} alone`);
    if (globalThis.document.activeElement !== number) number.value = state.limit;
    which.value = state.which;
    show(buttons, state.limit !== standing ? h("button", { type: "button", "data-key": "limit-back", onclick: () => move(standing) }, `Back to ${standing} %`) : null,
      state.may.exclude ? h("button", { type: "button", class: "primary", id: "set-limit", disabled: state.limit === standing, onclick: setLimit }, "Set this limit …") : null);
    show(words, h("strong", {}, `At ${state.limit} %: ${counted(large, "group")} of two and more, ${counted(alone, "crystal")} alone. `),
      h("span", { class: "quiet" }, `The report's limit is ${standing} %`, limitWords(word, standing),
        `Cells in the setting ${document.report.setting}. In the picture (A) is part of A.`));
  }

  function setLimit() {
    const now = groupsNow().groups.filter((group) => group.members.length > 1).length;
    askToAct({ title: `Set the limit of LCV to ${state.limit} %`, button: "Set", path: "api/limit", fields: [WHY],
      body: { collection_id: document.collection.collection_id, limit_percent: state.limit },
      explain: `Crystals of ${document.collection.name} belong together up to this LCV: ${counted(now, "group")} of two and more. A new report is made, `
        + "and joint refinement follows its groups. Set it to another value to take it back.", onDone: onActed });
  }

  function pick(at) {
    state.picked = at;
    showBranch();
    parts.branch.querySelector("h3")?.focus({ preventScroll: true });
  }

  function showBranch() {
    const tree = trees[state.which];
    if (state.picked === null) {
      show(parts.branch, h("div", { class: "branch-panel quiet" }, h("p", {}, "Click a branch, or go there with the arrow keys and press Enter: whose it is, and what may be done with it."),
        h("p", {}, "Drag the line, or the slider: groups are those of the branches below it.")));
      return;
    }
    const members = membersOf(tree, state.picked);
    const [lcv, alcv] = variationOf(tree, state.picked);
    show(parts.branch, h("div", { class: "branch-panel" }, h("h3", { tabindex: "-1", id: "branch-heading" }, members.length === 1 ? nameOf(members[0]) : `Branch of ${members.length} crystals`),
      members.length > 1 ? h("dl", { class: "facts" }, h("dt", {}, "LCV"), h("dd", {}, `${lcv.toFixed(3)} %`), h("dt", {}, "aLCV"), h("dd", {}, `${alcv.toFixed(3)} Å`),
        h("dt", {}, "in the report"), h("dd", {}, nameGroup(members, reportGroup, sizes))) : cellFacts(bySerial.get(members[0])),
      h("div", { class: "names", tabindex: "0", role: "region", "aria-label": "Crystals of the branch" }, members.map((serial, at) =>
        [at ? ", " : "", h("a", { href: `${ROOT}/sweep/${bySerial.get(serial).sweep_id}?run=${bySerial.get(serial).run_id}` }, nameOf(serial))])),
      actions(members.map((serial) => bySerial.get(serial)), "branch")));
  }

  function actions(chosen, key) {
    const { may } = state;
    if (!may.exclude && !may.reprocess) return null;
    const what = chosen.length === 1 ? crystalName(chosen[0]) : `${chosen.length} crystals`;
    const body = { crystals: chosen.map(({ sweep_id, run_id, crystal_number }) => ({ sweep_id, run_id, crystal_number })) };
    const names = listed(chosen.map(crystalName));
    const say = (kind, words, explain, fields = [WHY]) => h("button", { type: "button", "data-key": `${key}-${kind}`, onclick: () =>
      askToAct({ title: `${words}: ${what}`, button: words, path: "api/crystals/words", body: { ...body, kind }, fields, explain: [explain, names], onDone: onActed }) }, `${words} …`);
    return h("div", { class: "buttons" },
      may.exclude ? [say("exclude", "Exclude", "They are left out of trees and groups, until they are included again. Results stay."),
        say("regroup", "Regroup", "They are put into a group whatever their cells say, until a person says otherwise.",
          [{ name: "group", label: "Group", choices: ["new", ...sizes.keys()], value: "new", hint: "new: a group that is made for them." }, WHY]),
        key === "aside" ? say("include", "Include", "They are taken in whatever their cells say.") : null,
        say("withdraw", "Leave to Beamloop", "What people said of them counts no longer.")] : null,
      may.reprocess ? h("button", { type: "button", "data-key": `${key}-reprocess`, onclick: () => askToReprocess({ title: `Process again: ${what}`,
        sweepIds: [...new Set(chosen.map((one) => one.sweep_id))], explain: ["New runs beside the earlier ones, which stay.", names], onDone: onActed }) }, "Process again …") : null);
  }

  function showGroups(groups) {
    const rows = groups.filter((group) => group.members.length > 1).map((group, number) => ({ ...group, number }));
    const alone = groups.filter((group) => group.members.length === 1).map((group) => nameOf(group.members[0]));
    const columns = [
      { key: "name", heading: "group", cell: (row) => [swatch(row.number), nameGroup(row.members, reportGroup, sizes)] },
      { key: "crystals", heading: "crystals", number: true, cell: (row) => row.members.length },
      { key: "lcv", heading: "LCV (%)", number: true, cell: (row) => row.lcv.toFixed(3) },
      { key: "alcv", heading: "aLCV (Å)", number: true, cell: (row) => row.alcv.toFixed(3) },
      { key: "members", heading: "crystals", cell: (row) => `${row.members.slice(0, 6).map(nameOf).join(", ")}${row.members.length > 6 ? " …" : ""}` },
      { key: "show", heading: h("span", { class: "spoken" }, "show"), cell: (row) => h("div", { class: "buttons tight" },
        h("button", { type: "button", "data-key": `pick-${row.at}`, onclick: () => { state.which = "inliers"; showControls(); pick(row.at); } }, "Choose"),
        sameGroup(row) ? h("button", { type: "button", "data-key": `sweeps-${row.at}`, onclick: () => onShowGroup(String(sameGroup(row))) }, "Sweeps") : null) },
    ];
    show(parts.groups, rows.length ? table({ caption: "Groups at this limit", columns, rows: rows.slice(0, GROUPS_SHOWN) }) : empty("At this limit no two crystals belong together.", "Move the limit up."),
      rows.length > GROUPS_SHOWN ? h("p", { class: "quiet" }, `and ${rows.length - GROUPS_SHOWN} more`) : null,
      alone.length ? h("p", { class: "quiet" }, `Alone: ${alone.slice(0, 12).join(", ")}${alone.length > 12 ? ` and ${alone.length - 12} more` : ""}`) : null,
      h("p", { class: "quiet" }, "What becomes of groups, in Airflow: ", airflowLink("dags/check_isomorphism", "reports"), ", ", airflowLink("dags/refine_joint", "joint refinement"),
        ", ", airflowLink("dags/merge_group", "merging")));
  }

  function sameGroup(row) {
    const name = nameGroup(row.members, reportGroup, sizes);
    return document.report.groups.find((group) => group.name === name)?.group_id;
  }

  function showAside() {
    const aside = crystals.filter((one) => one.standing !== "member");
    const columns = [
      { key: "name", heading: "crystal", cell: (row) => h("a", { href: `${ROOT}/sweep/${row.sweep_id}?run=${row.run_id}` }, crystalName(row)) },
      { key: "standing", heading: "standing", cell: (row) => row.standing.replaceAll("_", " ") },
      { key: "cell", heading: "cell", cell: (row) => row.cell.map((value) => value.toFixed(1)).join(" ") },
      { key: "z", heading: "robust z", number: true, cell: (row) => row.robust_z?.toFixed(1) },
      { key: "why", heading: "why", cell: (row) => row.sentence },
      { key: "act", heading: h("span", { class: "spoken" }, "act"), cell: (row) => actions([row], "aside") },
    ];
    show(parts.aside, aside.length ? [h("h3", {}, "Set aside, excluded, not judged"),
      h("div", { class: "scrolls" }, table({ caption: "Crystals in no group of the tree", columns, rows: aside.slice(0, 200) })),
      aside.length > 200 ? h("p", { class: "quiet" }, `and ${aside.length - 200} more`) : null] : null);
  }

  function showFindings() {
    const { findings } = document.report;
    show(parts.findings, findings.length ? h("ul", {}, findings.map((finding) => h("li", { class: finding.severity === "critical" ? "broken" : "outcome" },
      `${finding.severity === "critical" ? "✗" : "–"} ${finding.sentence}${finding.sweeps.length ? ` (${finding.sweeps.join(", ")})` : ""}`))) : null);
  }

  function showPlots(numberOf) {
    const shown = [...bySerial.values()].filter((one) => state.which === "all" || one.standing === "member");
    const cells = shown.map((one) => one.common_cell);
    const groups = shown.map((one) => numberOf.get(one.serial) ?? -1);
    const varying = varyingParameters(cells);
    if (!varying.length) return show(parts.plots, empty("The cells are identical."));
    const [x, y] = [varying.includes(state.x) ? state.x : varying[0], varying.includes(state.y) ? state.y : varying.at(-1)];
    const pickers = [["plot-x", "across", x, (at) => { state.x = at; }], ["plot-y", "up", y, (at) => { state.y = at; }]].map(([id, words, present, set]) =>
      h("label", { for: id }, words, choices(id, varying.map((at) => [String(at), parameterName(at)]), String(present), (at) => { set(Number(at)); showPlots(numberOf); })));
    return show(parts.plots, h("div", { class: "limit-controls" }, pickers), h("div", { class: "plots" }, scatter(cells, groups, x, y), varying.map((at) => histogram(cells, groups, at))),
      h("p", { class: "quiet" }, `Colours repeat after ${COLOURS} groups. `, state.which === "all" ? "" : "Without what is set aside."));
  }

  return { update };
}

const choices = (id, all, present, onTurn) => h("select", { id, onchange: (e) => onTurn(e.target.value) },
  all.map(([value, words]) => h("option", { value, selected: value === present }, words)));

const cellFacts = (one) => h("dl", { class: "facts" }, h("dt", {}, "space group"), h("dd", {}, one.space_group),
  h("dt", {}, "cell"), h("dd", {}, one.cell.map((value) => value.toFixed(2)).join(" ")),
  h("dt", {}, "in common"), h("dd", {}, one.common_cell?.map((value) => value.toFixed(2)).join(" ") ?? "not compared"));

// In the picture there is little room: "(A)" is part of A.
const shortName = (words) => words.replace(/part of (\w+)/g, "($1)").replaceAll(" + ", "+");

function limitWords(word, standing) {
  if (!word) return ", as the beamline or Beamloop has it. ";
  const said = [word.said_by, ", ", moment(word.said_at), `: ${word.why}. `];
  return word.limit_percent === standing ? [", set by ", said] : [`; the next report's is ${word.limit_percent} %, set by `, said];
}
