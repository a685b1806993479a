// The table of a collection's sweeps: filtered, sorted and paged by the server; words on several at once.

import { ROOT } from "../lib/api.js";
import { askToAct, WHY } from "../lib/dialog.js";
import { byId, h, show } from "../lib/dom.js";
import { live } from "../lib/live.js";
import { kindOf, outcomeBadge } from "../lib/outcome.js";
import { empty, faultBox, listed } from "../lib/states.js";
import { pager, table } from "../lib/table.js";
import { moment } from "../lib/time.js";
import { askToReprocess } from "./reprocessing.js";

const PER_PAGE = 50;
const WAIT_MS = 300;
const STATES = [["", "all"], ["processed", "processed"], ["without_result", "without result"], ["need_a_person", "need a person"],
  ["at_work", "at work"], ["waiting", "waiting"]];
const STANDINGS = [["", "all"], ["member", "in a group"], ["outlier", "set aside"], ["excluded", "excluded"], ["not_judged", "not judged"]];
const ORDERED = ["a", "b", "c", "alpha", "beta", "gamma"];
const LETTERS = { import: "im", find_spots: "sp", index: "ix", refine: "re", integrate: "in", export: "ex" };

/** Make the table; `update(document)` tells it of groups and rights. */
export function makeSweepTable(collection, { onActed }) {
  const content = byId("sweeps").querySelector(".content");
  const wish = { ...fromAddress(), offset: 0 };
  const chosen = new Map(); // sweep_id: name
  let typing = null;
  let about = null; // the collection's document
  let last = null; // the last answer

  const data = live(() => `api/collections/${collection}/sweeps?${parameters()}`, (document) => {
    last = document;
    showRows();
  }, (fault) => show(content, faultBox(fault)));

  function parameters() {
    const asked = { order: wish.order, down: wish.down, text: wish.text, state: wish.state, group_id: wish.group_id,
      standing: wish.standing, limit: PER_PAGE, offset: wish.offset };
    return new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== "" && value !== false));
  }

  function turnTo(change, scroll = false) {
    Object.assign(wish, { offset: 0 }, change);
    history.replaceState(null, "", `?${parameters()}${location.hash}`);
    if (about) showFilters();
    data.refresh();
    if (scroll) byId("sweeps").scrollIntoView({ block: "start" });
  }

  function update(document) {
    about = document;
    showFilters();
    if (last) showRows();
  }

  function showFilters() {
    const codes = Object.keys(about.counts).filter((code) => !STATES.some(([state]) => state === code))
      .map((code) => [code, code.replaceAll("_", " ")]);
    const groups = (about.report?.groups ?? []).map((group) => [String(group.group_id), `${group.name} (${group.sweeps})`]);
    const text = byId("sweep-text") ?? h("input", { id: "sweep-text", type: "search", maxlength: 200, autocomplete: "off", value: wish.text, oninput: (event) => {
      clearTimeout(typing);
      typing = setTimeout(() => turnTo({ text: event.target.value.trim() }), WAIT_MS);
    } });
    show(byId("filters"), h("label", {}, "Name", text), choice("state", "Outcome", [...STATES, ...codes]),
      groups.length ? choice("group_id", "Group", [["", "all"], ...groups]) : null,
      about.report ? choice("standing", "In the report", STANDINGS) : null,
      h("button", { type: "button", "data-key": "clear", onclick: clear }, "Show all"));
  }

  const choice = (name, words, choices) => h("label", {}, words, h("select", { id: `filter-${name}`, onchange: (e) => turnTo({ [name]: e.target.value }) },
    choices.map(([value, text]) => h("option", { value, selected: String(wish[name]) === value }, text))));

  function clear() {
    byId("sweep-text").value = "";
    turnTo({ text: "", state: "", group_id: "", standing: "" });
  }

  function showRows() {
    const { sweeps, total } = last;
    show(content, sweeps.length ? [
      table({ caption: "Sweeps of the collection", columns: columns(), rows: sweeps, sort: { by: wish.order, down: wish.down },
        onSort: ({ by, down }) => turnTo({ order: by, down }) }),
      pager({ total, perPage: PER_PAGE, offset: wish.offset, onMove: (offset) => turnTo({ offset }) }),
      total <= PER_PAGE ? h("p", { class: "quiet" }, total === 1 ? "1 sweep" : `${total} sweeps`) : null,
    ] : empty("No sweep fits.", 'Choose less, or "Show all".'));
    showChosen();
  }

  function columns() {
    const may = about?.may ?? {};
    const steps = about?.step_names ?? Object.keys(LETTERS);
    const number = (key, heading, cell) => ({ key, heading, number: true, sort: true, cell });
    const angles = last.sweeps.some((row) => row.cell?.slice(3).some((angle) => angle !== 90));
    return [
      { key: "sweep", heading: "sweep", sort: true, cell: (row) => [may.exclude || may.reprocess ? box(row) : null,
        h("a", { href: `${ROOT}/sweep/${row.sweep_id}` }, row.sweep),
        row.missing_images ? h("div", { class: "outcome" }, `${row.missing_images} of ${row.images} images missing`) : null] },
      { key: "steps", heading: "steps", cell: (row) => stepStates(row, steps) },
      { key: "outcome", heading: "outcome", sort: true, cell: (row) => [outcomeBadge(row.code, row.started_at ? "at work" : "waiting"), word(row)] },
      { key: "groups", heading: "group", sort: true, cell: (row) => group(row) },
      { key: "space_group", heading: "space group", sort: true, cell: (row) => row.space_group },
      ...ORDERED.slice(0, angles ? 6 : 3).map((key, at) => number(key, ["a (Å)", "b (Å)", "c (Å)", "α (°)", "β (°)", "γ (°)"][at],
        (row) => row.cell?.[at].toFixed(2))),
      number("indexed", "indexed", (row) => row.indexed_count),
      number("rmsd_x", "RMSD x (px)", (row) => row.rmsd_x_px?.toFixed(2)),
      number("rmsd_y", "RMSD y (px)", (row) => row.rmsd_y_px?.toFixed(2)),
      number("rmsd_phi", "RMSD φ (°)", (row) => row.rmsd_phi_deg?.toFixed(2)),
      { key: "reason", heading: "what happened", cell: (row) => h("div", { class: "reason" }, reason(row)) },
      { key: "ended", heading: "ended", sort: true, cell: (row) => moment(row.ended_at) },
    ];
  }

  function reason(row) {
    if (row.code === "processed") return row.rungs > 1 ? `processed at the ladder's rung ${row.rungs}` : "";
    return row.sentence ?? row.last_trouble ?? "";
  }

  function box(row) {
    return h("input", { type: "checkbox", class: "choose", "aria-label": `Choose ${row.sweep}`, "data-key": `choose-${row.sweep_id}`,
      checked: chosen.has(row.sweep_id), onchange: (event) => {
        if (event.target.checked) chosen.set(row.sweep_id, row.sweep);
        else chosen.delete(row.sweep_id);
        showChosen();
      } });
  }

  function showChosen() {
    const place = byId("chosen");
    if (!chosen.size) return show(place);
    const names = [...chosen.values()];
    const title = names.length === 1 ? names[0] : `${names.length} sweeps`;
    const done = () => { chosen.clear(); showRows(); onActed(); };
    const say = (kind, words, explain) => h("button", { type: "button", "data-key": kind, onclick: () => askToAct({
      title: `${words} ${title}`, button: words, explain: [explain, listed(names)], fields: [WHY], path: "api/words",
      body: { sweep_ids: [...chosen.keys()], kind }, onDone: done }) }, `${words} …`);
    return show(place, h("span", {}, `${title} chosen:`),
      about.may.exclude ? [say("exclude", "Exclude", "They are left out of trees and groups until they are included again. Results stay."),
        say("include", "Include", "They are taken in whatever their cells say."),
        say("withdraw", "Leave to Beamloop", "What people said of them counts no longer.")] : null,
      about.may.reprocess ? h("button", { type: "button", "data-key": "reprocess", onclick: () => askToReprocess({ title: `Process ${title} again`,
        sweepIds: [...chosen.keys()], explain: ["New runs beside the earlier ones, which stay.", listed(names)], onDone: done }) }, "Process again …") : null,
      h("button", { type: "button", "data-key": "none", onclick: () => { chosen.clear(); showRows(); } }, "Choose none"));
  }

  return { update, turnTo, refresh: () => data.refresh(), state: () => wish.state };
}

function fromAddress() {
  const given = new URLSearchParams(location.search);
  const text = (name) => given.get(name) ?? "";
  return { order: text("order") || "sweep", down: text("down") === "true", text: text("text"), state: text("state"),
    group_id: text("group_id"), standing: text("standing") };
}

function stepStates(row, steps) {
  const done = new Set(row.steps_done);
  const kind = kindOf(row.code);
  const words = (step) => (row.code && row.code !== "processed" && row.outcome_step === step ? row.code.replaceAll("_", " ")
    : done.has(step) ? "done" : row.code ? "not done" : "to do");
  return h("span", { class: "step-states", role: "img", "aria-label": steps.map((step) => `${step}: ${words(step)}`).join(", ") }, steps.map((step) => {
    const state = words(step);
    const colour = state === "done" ? "good" : state === "not done" || state === "to do" ? "" : kind;
    const sign = colour === "good" ? "✓" : colour === "broken" ? "✗" : colour === "outcome" ? "–" : "·";
    return h("span", { class: `step-state ${colour}`, title: `${step}: ${state}` }, sign);
  }));
}

const STANDING_WORDS = { outlier: "set aside", excluded: "excluded", not_judged: "not judged" };

function group(row) {
  const aside = (row.standings ?? []).filter((standing) => standing in STANDING_WORDS).map((standing) => STANDING_WORDS[standing]);
  return [(row.groups ?? []).join(", "), aside.length ? h("div", { class: "outcome" }, aside.join(", ")) : null];
}

function word(row) {
  if (!row.word) return null;
  return h("div", { class: "quiet" }, `${row.word}: ${row.word_by}: ${row.word_why}`);
}
