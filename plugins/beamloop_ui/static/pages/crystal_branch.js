// The branch of the tree that was chosen: whose it is, how much its cells vary, what may be done with it.

import { ROOT } from "../lib/api.js";
import { h, show } from "../lib/dom.js";
import { membersOf, variationOf } from "../lib/tree.js";
import { crystalActions } from "./crystal_actions.js";

/** Show the chosen branch of a view, see collection_crystals.js, or how to choose one. */
export function showBranch(place, view) {
  const { crystals, state } = view;
  if (state.picked === null) return show(place, h("div", { class: "branch-panel quiet" }, HOW_TO_CHOOSE.map((words) => h("p", {}, words))));
  const tree = crystals.trees[state.which];
  const serials = membersOf(tree, state.picked);
  const members = serials.map((serial) => crystals.bySerial.get(serial));
  const alone = members.length === 1;
  return show(place, h("div", { class: "branch-panel" },
    h("h3", { tabindex: "-1", id: "branch-heading" }, alone ? crystals.name(members[0]) : `Branch of ${members.length} crystals`),
    alone ? cellFacts(members[0]) : variationFacts(variationOf(tree, state.picked), crystals.groupWords(serials)),
    h("div", { class: "names", tabindex: "0", role: "region", "aria-label": "Crystals of the branch" }, members.map((one, at) =>
      [at ? ", " : "", h("a", { href: `${ROOT}/sweep/${one.sweep_id}?run=${one.run_id}` }, crystals.name(one))])),
    crystalActions(view, members, "branch")));
}

const HOW_TO_CHOOSE = ["Click a branch, or go there with the arrow keys and press Enter: whose it is, and what may be done with it.",
  "Drag the line, or the slider: groups are those of the branches below it."];

const variationFacts = ([lcv, alcv], groupWords) => h("dl", { class: "facts" }, h("dt", {}, "LCV"), h("dd", {}, `${lcv.toFixed(3)} %`),
  h("dt", {}, "aLCV"), h("dd", {}, `${alcv.toFixed(3)} Å`), h("dt", {}, "in the report"), h("dd", {}, groupWords));

const cellFacts = (one) => h("dl", { class: "facts" }, h("dt", {}, "space group"), h("dd", {}, one.space_group),
  h("dt", {}, "cell"), h("dd", {}, one.cell.map((value) => value.toFixed(2)).join(" ")),
  h("dt", {}, "in common"), h("dd", {}, one.common_cell?.map((value) => value.toFixed(2)).join(" ") ?? "not compared"));
