// What a person may do about a sweep; the server asks for the right again.

import { askToAct, WHY } from "../lib/dialog.js";
import { h, show } from "../lib/dom.js";
import { askToReprocess } from "./reprocessing.js";

/** Show the buttons that a sweep and a person's rights allow. */
export function showActions(place, sweep, onDone) {
  const { may, word } = sweep;
  const isExcluded = word?.kind === "exclude";
  const button = (words, open) => h("button", { type: "button", "data-key": words, onclick: open }, words);
  show(place,
    may.exclude ? (isExcluded ? button("Include", () => include(sweep, onDone)) : button("Exclude", () => exclude(sweep, onDone))) : null,
    may.exclude && word && word.kind !== "withdraw" ? button("Leave to Beamloop", () => withdraw(sweep, onDone)) : null,
    may.reprocess && !sweep.adopted ? button("Process again", () => reprocess(sweep, onDone)) : null,
    may.reprocess ? button("Set the sample", () => sample(sweep, onDone)) : null,
    may.exclude || may.reprocess ? null : h("p", { class: "quiet" }, "You may look, not act: actions take the right to start runs in Airflow."));
}

const say = (sweep, kind, words) => ({ ...words, fields: [WHY], path: "api/words", body: { sweep_ids: [sweep.sweep_id], kind } });

function exclude(sweep, onDone) {
  askToAct({ ...say(sweep, "exclude", { title: `Exclude ${sweep.sweep}`, button: "Exclude",
    explain: "It is left out of trees, groups and what follows from them, until it is included again. Its results stay." }), onDone });
}

function include(sweep, onDone) {
  askToAct({ ...say(sweep, "include", { title: `Include ${sweep.sweep}`, button: "Include",
    explain: "It is taken in whatever its cell says, also where Beamloop would set it aside." }), onDone });
}

function withdraw(sweep, onDone) {
  askToAct({ ...say(sweep, "withdraw", { title: `Leave ${sweep.sweep} to Beamloop`, button: "Take the word back",
    explain: "What people said of it counts no longer: as Beamloop suggests." }), onDone });
}

function reprocess(sweep, onDone) {
  askToReprocess({ title: `Process ${sweep.sweep} again`, sweepIds: [sweep.sweep_id], onDone,
    explain: ["A new run beside the earlier ones, which stay. Now: ", sweep.parameter_words] });
}

function sample(sweep, onDone) {
  askToAct({ title: `The sample of ${sweep.collection}`, button: "Set", path: "api/sample", body: { collection_id: sweep.collection_id },
    explain: [sweep.sample_by_hand ? `Said by hand so far: ${sweep.sample_by_hand}. ` : "Nothing is said by hand so far. ",
      "It counts more than a sidecar file and the beamline's rules, for all sweeps of the collection. Both fields empty take it back."],
    fields: [{ name: "space_group", label: "Space group", hint: 'E.g. "H 3"' },
      { name: "unit_cell", label: "Unit cell", hint: "a,b,c,α,β,γ in Å and °" }, WHY], onDone });
}
