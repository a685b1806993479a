// The cells of a collection's crystals: one parameter against another, and how each is spread.

import { histogram, parameterName, scatter, varyingParameters } from "../lib/cell_plots.js";
import { choices } from "../lib/choices.js";
import { COLOURS } from "../lib/dendrogram_drawing.js";
import { h, show } from "../lib/dom.js";
import { empty } from "../lib/states.js";

/** Show the cells in the colours of `numberOf`, the groups at the limit, in a view, see collection_crystals.js. */
export function showPlots(place, view, numberOf) {
  const { crystals, state } = view;
  const shown = [...crystals.bySerial.values()].filter((one) => state.which === "all" || one.standing === "member");
  const cells = shown.map((one) => one.common_cell);
  const groups = shown.map((one) => numberOf.get(one.serial) ?? -1);
  const varying = varyingParameters(cells);
  if (!varying.length) return show(place, empty("The cells are identical."));
  const [x, y] = [varying.includes(state.x) ? state.x : varying[0], varying.includes(state.y) ? state.y : varying.at(-1)];
  const picker = (key, words, present) => h("label", { for: `plot-${key}` }, words,
    choices(`plot-${key}`, varying.map((at) => [String(at), parameterName(at)]), String(present), (at) => {
      state[key] = Number(at);
      showPlots(place, view, numberOf);
    }));
  return show(place, h("div", { class: "limit-controls" }, picker("x", "across", x), picker("y", "up", y)),
    h("div", { class: "plots" }, scatter(cells, groups, x, y), varying.map((at) => histogram(cells, groups, at))),
    h("p", { class: "quiet" }, `Colours repeat after ${COLOURS} groups. `, state.which === "all" ? "" : "Without what is set aside."));
}
