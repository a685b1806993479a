// What a person may do with chosen crystals: say where they belong, or have them processed again.

import { askToAct, WHY } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { listed } from "../lib/states.js";
import { askToReprocess } from "./reprocessing.js";

const [EXCLUDED, REGROUPED, INCLUDED, WITHDRAWN] = [
  "They are left out of trees and groups, until they are included again. Results stay.",
  "They are put into a group whatever their cells say, until a person says otherwise.",
  "They are taken in whatever their cells say.",
  "What people said of them counts no longer.",
];

/**
 * Make the buttons; null where this user may do nothing.
 * @param {object} view  of the page, see collection_crystals.js
 * @param {object[]} chosen  crystals
 * @param {string} key  where the buttons are: "branch" or "aside"
 */
export function crystalActions({ about, crystals, onActed }, chosen, key) {
  const { may } = about;
  if (!may.exclude && !may.reprocess) return null;
  const what = chosen.length === 1 ? crystals.name(chosen[0]) : `${chosen.length} crystals`;
  const names = listed(chosen.map(crystals.name));
  const button = (kind, words, onclick) => h("button", { type: "button", "data-key": `${key}-${kind}`, onclick }, `${words} …`);
  const body = { crystals: chosen.map(({ sweep_id, run_id, crystal_number }) => ({ sweep_id, run_id, crystal_number })) };
  const say = (kind, words, explain, fields = [WHY]) => button(kind, words, () => askToAct({ title: `${words}: ${what}`, button: words,
    path: "api/crystals/words", body: { ...body, kind }, fields, explain: [explain, names], onDone: onActed }));
  const group = { name: "group", label: "Group", choices: ["new", ...crystals.groupNames], value: "new", hint: "new: a group that is made for them." };
  return h("div", { class: "buttons" },
    may.exclude ? [say("exclude", "Exclude", EXCLUDED), say("regroup", "Regroup", REGROUPED, [group, WHY]),
      key === "aside" ? say("include", "Include", INCLUDED) : null, say("withdraw", "Leave to Beamloop", WITHDRAWN)] : null,
    may.reprocess ? button("reprocess", "Process again", () => askToReprocess({ title: `Process again: ${what}`,
      sweepIds: [...new Set(chosen.map((one) => one.sweep_id))], explain: ["New runs beside the earlier ones, which stay.", names], onDone: onActed })) : null);
}
