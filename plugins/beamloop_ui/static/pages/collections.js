// Collections: all of them, the newest first, found by name or folder.

import { ROOT } from "../lib/api.js";
import { byId, h, show } from "../lib/dom.js";
import { live } from "../lib/live.js";
import { empty, faultBox, loading } from "../lib/states.js";
import { pager, table } from "../lib/table.js";
import { moment } from "../lib/time.js";
import { verdictWords } from "../lib/verdict.js";

const WAIT_MS = 300;
const state = { text: "", beamline: "", offset: 0 };
const content = byId("collections").querySelector(".content");
let typing = null;
show(content, loading());

const data = live(() => `api/collections?${new URLSearchParams(Object.entries(state).filter(([, value]) => value !== ""))}`,
  (document) => {
    showFilters(document.beamlines);
    show(content, rows(document));
  },
  (fault) => show(content, faultBox(fault)));

function turnTo(change) {
  Object.assign(state, { offset: 0 }, change);
  data.refresh();
}

function showFilters(beamlines) {
  const choice = (value, words) => h("option", { value, selected: value === state.beamline }, words);
  const known = byId("text");
  // What is being typed stays as it is.
  const text = known ?? h("input", { id: "text", type: "search", maxlength: 200, autocomplete: "off", value: state.text, oninput: (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => turnTo({ text: event.target.value.trim() }), WAIT_MS);
  } });
  show(byId("filters"), h("label", {}, "Name or folder", text),
    beamlines.length > 1 ? h("label", {}, "Beamline", h("select", { id: "beamline", onchange: (e) => turnTo({ beamline: e.target.value }) },
      choice("", "all"), beamlines.map((name) => choice(name, name)))) : null);
}

function rows({ collections, total, per_page: perPage }) {
  if (!collections.length) {
    return state.text || state.beamline ? empty("No collection fits.", "Type less of its name, or choose another beamline.")
      : empty("There is no collection yet.", "Put images into a folder that a beamline's file names, or `beamloop process FOLDER`.");
  }
  const columns = [
    { key: "name", heading: "collection", cell: (row) => [h("a", { href: `${ROOT}/collection/${row.collection_id}` }, row.name),
      h("div", { class: "quiet" }, row.directory)] },
    { key: "beamline", heading: "beamline", cell: (row) => row.beamline },
    { key: "sweeps", heading: "sweeps", number: true, cell: (row) => row.sweeps },
    { key: "processed", heading: "processed", number: true, cell: (row) => row.processed },
    { key: "without_result", heading: "without result", number: true, cell: (row) => row.without_result },
    { key: "unfinished", heading: "at work or waiting", number: true, cell: (row) => row.unfinished },
    { key: "verdict", heading: "crystals", cell: (row) => verdictWords(row.verdict, row.verdict_sentence) },
    { key: "registered_at", heading: "first seen", cell: (row) => moment(row.registered_at) },
  ];
  return [table({ caption: "Collections", columns, rows: collections }),
    pager({ total, perPage, offset: state.offset, onMove: (offset) => turnTo({ offset }) })];
}
