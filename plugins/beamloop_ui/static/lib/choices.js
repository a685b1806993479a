// A list to choose one of.

import { h } from "./dom.js";

/**
 * Make a select element.
 * @param {string} id
 * @param {Array<[string, string]>} all  values and the words that are shown
 * @param {string} present  the value that is chosen at first
 * @param {(value: string) => void} onTurn  another was chosen
 */
export const choices = (id, all, present, onTurn) => h("select", { id, onchange: (event) => onTurn(event.target.value) },
  all.map(([value, words]) => h("option", { value, selected: value === present }, words)));
