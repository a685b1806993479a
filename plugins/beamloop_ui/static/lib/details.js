// Details that a person asks for: fetched once, shown under a heading that takes the keyboard's focus.

import { ask } from "./api.js";
import { h, show } from "./dom.js";
import { contentStands } from "./live.js";
import { faultBox, loading } from "./states.js";

/**
 * Fetch a document and show it.
 * @param {HTMLElement} place
 * @param {string} heading
 * @param {string} path  of the document
 * @param {(document: object) => any} draw
 * @param {{focus?: boolean}} [options]  not where the page shows it unasked
 */
export async function showAsked(place, heading, path, draw, { focus = true } = {}) {
  place.dataset.asked = path;
  show(place, loading());
  try {
    const { document } = await ask(path);
    if (place.dataset.asked !== path) return; // another one was asked for meanwhile
    show(place, h("h3", { tabindex: "-1" }, heading), draw(document));
    contentStands();
    if (focus) place.querySelector("h3").focus();
  } catch (fault) {
    if (!fault.what) throw fault;
    show(place, faultBox(fault));
  }
}
