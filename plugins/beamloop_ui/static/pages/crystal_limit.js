// The limit of LCV: a slider and a number that move it, what it would mean, and the button that sets it.

import { choices } from "../lib/choices.js";
import { askToAct, WHY } from "../lib/dialog.js";
import { h, show } from "../lib/dom.js";
import { counted } from "../lib/table.js";
import { moment } from "../lib/time.js";
import { groupsAt } from "./crystals_of_report.js";

export const [LEAST, MOST] = [0.01, 100]; // percent
const STEPS = 1000; // of the slider, equal ones in the limit's logarithm
const position = (percent) => Math.round((STEPS * Math.log(percent / LEAST)) / Math.log(MOST / LEAST));
const percentAt = (place) => Number((LEAST * (MOST / LEAST) ** (place / STEPS)).toPrecision(3));
const TREES = [["inliers", "without what is set aside"], ["all", "all crystals"]];
const HEIGHTS = [["lcv", "LCV of the branch"], ["ward", "Ward distance, as BLEND"]];

/**
 * Make the controls of a view, see collection_crystals.js.
 * @returns {{update: () => void}} to be called when the limit has moved or the collection's document has changed
 */
export function makeLimit(place, view) {
  const { state, move } = view;
  const slider = h("input", { id: "limit-slider", type: "range", min: 0, max: STEPS, step: 1, oninput: () => move(percentAt(Number(slider.value))) });
  const number = h("input", { id: "limit-number", type: "number", min: LEAST, max: MOST, step: "any",
    onchange: () => { if (Number(number.value) > 0) move(Number(number.value)); } });
  const which = choices("tree-which", TREES, state.which, (value) => { Object.assign(state, { which: value, picked: null }); view.draw(); });
  const axis = choices("tree-axis", HEIGHTS, state.axis, (value) => { state.axis = value; view.draw(); });
  const buttons = h("div", { class: "buttons" });
  const words = h("p", { id: "limit-words", role: "status" });
  // Made once: a slider that is being dragged must stay the same element.
  show(place, h("div", { class: "limit-controls" }, h("label", {}, "Limit of LCV", slider), h("label", {}, "Limit (%)", number),
    h("label", {}, "Tree", which), h("label", {}, "Height", axis), buttons), words);

  function update() {
    const { groups, large } = groupsAt(view.crystals, state.limit);
    const alone = groups.length - large.length;
    slider.value = position(state.limit);
    slider.setAttribute("aria-valuetext", `${state.limit} %: ${counted(large.length, "group")}, ${alone} alone`);
    if (document.activeElement !== number) number.value = state.limit;
    which.value = state.which;
    show(buttons, limitButtons(view, large.length));
    show(words, limitWords(view.about, state.limit, large.length, alone));
  }

  return { update };
}

function limitButtons(view, groupCount) {
  const { state: { limit }, about, move } = view;
  const standing = about.report.limit_percent;
  return [
    limit === standing ? null : h("button", { type: "button", "data-key": "limit-back", onclick: () => move(standing) }, `Back to ${standing} %`),
    about.may.exclude ? h("button", { type: "button", class: "primary", id: "set-limit", disabled: limit === standing,
      onclick: () => setLimit(view, groupCount) }, "Set this limit …") : null,
  ];
}

function setLimit({ state: { limit }, about: { collection }, onActed }, groupCount) {
  askToAct({ title: `Set the limit of LCV to ${limit} %`, button: "Set", path: "api/limit", fields: [WHY],
    body: { collection_id: collection.collection_id, limit_percent: limit },
    explain: `Crystals of ${collection.name} belong together up to this LCV: ${counted(groupCount, "group")} of two and more. A new report is made, `
      + "and joint refinement follows its groups. Set it to another value to take it back.", onDone: onActed });
}

function limitWords({ report, limit_word: word }, limit, groupCount, alone) {
  return [h("strong", {}, `At ${limit} %: ${counted(groupCount, "group")} of two and more, ${counted(alone, "crystal")} alone. `),
    h("span", { class: "quiet" }, `The report's limit is ${report.limit_percent} %`, whoSet(word, report.limit_percent),
      `Cells in the setting ${report.setting}. In the picture (A) is part of A.`)];
}

function whoSet(word, standing) {
  if (!word) return ", as the beamline or Beamloop has it. ";
  const said = [word.said_by, ", ", moment(word.said_at), `: ${word.why}. `];
  return word.limit_percent === standing ? [", set by ", said] : [`; the next report's is ${word.limit_percent} %, set by `, said];
}
