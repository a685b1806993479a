// Which crystals belong together: the tree with a limit to move, groups as they would be, a branch to act on, cells.

import { ask } from "../lib/api.js";
import { makeDendrogram } from "../lib/dendrogram.js";
import { h, show } from "../lib/dom.js";
import { contentStands } from "../lib/live.js";
import { empty, faultBox, loading } from "../lib/states.js";
import { showBranch } from "./crystal_branch.js";
import { LEAST, makeLimit, MOST } from "./crystal_limit.js";
import { showPlots } from "./crystal_plots.js";
import { showAside, showFindings, showGroups } from "./crystal_tables.js";
import { crystalsOfReport, groupsAt } from "./crystals_of_report.js";

const PARTS = ["controls", "tree", "branch", "groups", "aside", "plots", "findings"];

let shown = null; // the view of the report that is shown
let asked = null;

/** Show the newest report's crystals; called with each change of the collection's document. */
export async function showCrystals(place, about, on) {
  const { report } = about;
  if (!report) {
    asked = null;
    show(place, empty("There is no report on the crystals yet.",
      "It is made by itself when sweeps are processed; five minutes at most while others are at work."));
    return;
  }
  if (asked === report.report_id) {
    shown?.update(about);
    return;
  }
  asked = report.report_id;
  if (!shown) show(place, loading());
  try {
    const { document: found } = await ask(`api/reports/${report.report_id}`);
    shown = makeView(place, about, crystalsOfReport(report, found), on);
    contentStands();
  } catch (fault) {
    if (!fault.what) throw fault;
    asked = null;
    show(place, faultBox(fault));
  }
}

/**
 * Show all parts, each of which is told of the same view:
 * `about`, the collection's document; `crystals`, see `crystalsOfReport`; `state`, what the person has chosen;
 * `move`, `chooseGroup` and `draw`, with which a part changes that; `onActed` and `onShowGroup`, for the page.
 */
function makeView(place, about, crystals, { onActed, onShowGroup }) {
  const state = { limit: about.report.limit_percent, axis: "lcv", which: "inliers", picked: null, x: 0, y: 2 };
  const parts = Object.fromEntries(PARTS.map((name) => [name, h("div", { id: `crystals-${name}` })]));
  const view = { about, crystals, state, onActed, onShowGroup };
  showFindings(parts.findings, about.report);
  showAside(parts.aside, view);
  if (!crystals.trees?.inliers.count) {
    show(place, empty("There is no tree: it takes two crystals.", ""), parts.findings, parts.aside);
    return { update: () => {} };
  }
  show(place, parts.findings, parts.controls, h("div", { class: "tree-and-branch" }, h("div", { class: "tree-frame" }, parts.tree), parts.branch),
    h("h3", {}, "Groups at this limit"), parts.groups, parts.aside, h("h3", {}, "Cells"), parts.plots);
  return makeTree(parts, view);
}

/** Show the parts that change with the limit and with the branch that is chosen. */
function makeTree(parts, view) {
  const { crystals, state } = view;
  let waiting = 0;
  Object.assign(view, { move, draw, chooseGroup: (at) => { state.which = "inliers"; pick(at); draw(); } });
  const limit = makeLimit(parts.controls, view);
  const tree = makeDendrogram(parts.tree, { nameOf: crystals.nameOf, onLimit: (percent) => move(Number(percent.toPrecision(3))), onPick: pick });
  draw();

  function draw() {
    const groups = groupsAt(crystals, state.limit);
    limit.update();
    tree.update(picture(crystals, state, groups));
    showGroups(parts.groups, view, groups);
    showPlots(parts.plots, view, groups.numberOf);
    showBranch(parts.branch, view);
  }

  function move(percent) {
    state.limit = Math.min(MOST, Math.max(LEAST, percent));
    // The picture follows at the screen's pace, however fast the mouse is.
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(draw);
  }

  function pick(at) {
    state.picked = at;
    showBranch(parts.branch, view);
    parts.branch.querySelector("h3")?.focus({ preventScroll: true });
  }

  function update(newer) {
    view.about = newer;
    limit.update();
    showBranch(parts.branch, view);
  }

  return { update };
}

function picture(crystals, { which, axis, limit }, { large, numberOf }) {
  const whole = which === "inliers";
  const labels = large.map((group, number) => ({ at: group.at, number, words: shortName(crystals.groupWords(group.members)) }));
  return { tree: crystals.trees[which], axis, limit, numberOf, labels: whole ? labels : [], nameLength: crystals.nameLength, mayMove: whole };
}

// In the picture there is little room: "(A)" is part of A.
const shortName = (words) => words.replace(/part of (\w+)/g, "($1)").replaceAll(" + ", "+");
