// What a report says of a collection's crystals, in two words; the sentence stands beside it.

import { h } from "./dom.js";

const VERDICTS = {
  isomorphous: ["good", "✓ belong together"],
  not_isomorphous: ["outcome", "– differ"],
  too_few: ["work", "… too few to tell"],
  implausible: ["broken", "✗ implausible cells"],
};

/** A verdict as a badge; the sentence as its title. */
export function verdictWords(verdict, sentence = "") {
  if (!verdict) return h("span", { class: "quiet" }, "no report yet");
  const [kind, words] = VERDICTS[verdict] ?? ["", verdict];
  return h("span", { class: `badge ${kind}`, title: sentence }, words);
}
