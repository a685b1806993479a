// What stands where there is nothing to show: still loading, nothing there, or a fault.

import { h } from "./dom.js";

/** While the first answer is on its way. */
export const loading = () => h("p", { class: "quiet", role: "status" }, "Loading …");

/** Where there is nothing: what that means, and what to do. */
export const empty = (what, tryNext = "") =>
  h("div", { class: "empty" }, h("p", {}, what), tryNext ? h("p", { class: "quiet" }, `→ ${tryNext}`) : null);

/** A fault in words: what, what to try, the evidence. */
export const faultBox = (fault) =>
  h("div", { class: "fault", role: "alert" },
    h("p", {}, h("strong", {}, fault.what ?? "This page has a fault.")),
    fault.tryNext ? h("p", {}, `→ ${fault.tryNext}`) : null,
    fault.evidence ? h("p", { class: "quiet" }, fault.evidence) : null);

/** Names in a box that scrolls: hundreds fit. */
export const listed = (names) => h("div", { class: "names quiet", tabindex: "0", role: "region", "aria-label": "Names" }, names.join(", "));
