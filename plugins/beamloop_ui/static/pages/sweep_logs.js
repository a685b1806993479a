// Logs of a run: one at a time, with its lines numbered, and a search through all of them.

import { ask, ROOT } from "../lib/api.js";
import { byId, h, show } from "../lib/dom.js";
import { empty, faultBox, loading } from "../lib/states.js";

let shownFor = null;

/** Show the choice of logs and the search; nothing is touched while the same run's files are the same. */
export function showLogs(place, sweep) {
  const logs = sweep.files.filter(({ name }) => /\.(log|out)$/.test(name));
  const mark = `${sweep.run.run_id}:${logs.length}`;
  if (mark === shownFor) return;
  shownFor = mark;
  if (!logs.length) return show(place, empty("No log is published yet."));
  const words = h("input", { type: "search", id: "log-words", minlength: 2, maxlength: 200, required: true });
  const choice = h("select", { id: "log-choice", onchange: () => open(Number(choice.value)) }, h("option", { value: "" }, "choose"),
    logs.map(({ artifact_id: id, step, name }) => h("option", { value: String(id) }, `${step}: ${name}`)));
  const search = h("form", { class: "filters", role: "search", onsubmit: (event) => { event.preventDefault(); find(sweep.run.run_id, words.value); } },
    h("label", {}, "Log", choice), h("label", {}, "Search all logs of this run", words), h("button", { type: "submit" }, "Search"));
  show(place, search, h("div", { id: "log-hits", "aria-live": "polite" }), h("div", { id: "log-text" }));
}

async function find(runId, text) {
  const place = byId("log-hits");
  show(place, loading());
  try {
    const { document: found } = await ask(`api/runs/${runId}/search?${new URLSearchParams({ text })}`);
    if (!found.total) return show(place, empty(`No line of ${found.searched} logs holds these words.`));
    show(place, h("p", {}, `${found.total} lines in ${found.searched} logs${found.total > found.hits.length ? `, the first ${found.hits.length}` : ""}`),
      h("ul", { class: "hits" }, found.hits.map((hit) => h("li", {},
        h("button", { type: "button", class: "plain", onclick: () => open(hit.artifact_id, hit.line) }, `${hit.name}:${hit.line}`), " ", h("code", {}, hit.text)))));
  } catch (fault) {
    show(place, faultBox(fault));
  }
}

async function open(artifactId, line = 0) {
  const place = byId("log-text");
  if (!artifactId) return show(place);
  byId("log-choice").value = String(artifactId);
  show(place, loading());
  const response = await fetch(`${ROOT}/files/run/${artifactId}?show=true`, { credentials: "same-origin" }).catch(() => null);
  if (!response?.ok) {
    const fault = await response?.json().catch(() => null);
    return show(place, faultBox({ what: fault?.what ?? "The file cannot be read now.", tryNext: fault?.try_next, evidence: fault?.evidence }));
  }
  const lines = (await response.text()).split("\n");
  const rows = lines.map((text, at) => h("span", { class: at + 1 === line ? "line found" : "line", id: `log-line-${at + 1}` }, text, "\n"));
  show(place, h("pre", { class: "log", tabindex: "0", role: "region", "aria-label": "Log" }, rows));
  if (line) byId(`log-line-${line}`)?.scrollIntoView({ block: "center" });
}
