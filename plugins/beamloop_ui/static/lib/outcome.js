// Reason codes by sign, word and colour, never by colour alone.

import { h } from "./dom.js";

const NEED_A_PERSON = new Set(["program_crashed", "artifact_damaged", "interrupted"]);

/** "good", "outcome" (the data), "broken" (a program or the platform), "work" (no outcome yet). */
export function kindOf(code) {
  if (!code) return "work";
  if (code === "processed") return "good";
  return NEED_A_PERSON.has(code) ? "broken" : "outcome";
}

const SIGNS = { good: "✓", outcome: "–", broken: "✗", work: "…" };

/** A reason code as a badge; `otherwise` where there is none yet, e.g. "2 of 6 steps". */
export function outcomeBadge(code, otherwise = "at work") {
  const kind = kindOf(code);
  return h("span", { class: `badge ${kind}` }, h("span", { "aria-hidden": "true" }, `${SIGNS[kind]} `),
    code ? code.replaceAll("_", " ") : otherwise);
}
