// Collection: its sweeps, which crystals belong together, what joint refinement and merging made of the groups.

import { airflowLink, dagRunPath } from "../lib/airflow.js";
import { ROOT } from "../lib/api.js";
import { byId, h, show } from "../lib/dom.js";
import { live } from "../lib/live.js";
import { empty, faultBox, loading } from "../lib/states.js";
import { moment } from "../lib/time.js";
import { verdictWords } from "../lib/verdict.js";
import { showCrystals } from "./collection_crystals.js";
import { showJoints } from "./collection_joint.js";
import { showMerges } from "./collection_merges.js";
import { makeSweepTable } from "./collection_sweeps.js";

const COLLECTION = document.body.dataset.collection;
const content = (id) => byId(id).querySelector(".content");
const PARTS = ["standing", "crystals", "sweeps", "joint", "merged"];

for (const id of PARTS) show(content(id), loading());

const sweeps = makeSweepTable(COLLECTION, { onActed: refresh });
const data = live(() => `api/collections/${COLLECTION}`, (document) => {
  show(content("standing"), standing(document));
  sweeps.update(document);
  showCrystals(content("crystals"), document, { onActed: refresh, onShowGroup: (group) => sweeps.turnTo({ group_id: group }, true) });
  showJoints(content("joint"), byId("joint-details"), document);
  showMerges(content("merged"), byId("merge-details"), document);
}, (fault) => {
  for (const id of PARTS) show(content(id));
  show(content("standing"), faultBox(fault));
});

function refresh() {
  data.refresh();
  sweeps.refresh();
}

const NAMES = { at_work: "at work", waiting: "waiting" };
const SIGNS = { processed: ["good", "✓"], at_work: ["work", "…"], waiting: ["work", "…"] };
const BROKEN = new Set(["program_crashed", "artifact_damaged", "interrupted"]);

function standing({ counts, report, report_is_due: isDue, requests }) {
  const total = Object.values(counts).reduce((a, b) => a + b, 0);
  if (!total) return empty("This collection has no sweeps.", "They come when its images are found.");
  return [
    h("ul", { class: "tiles", "aria-label": "Sweeps by outcome" }, tile("", total, "", "all sweeps"),
      Object.entries(counts).map(([state, count]) => tile(state, count, ...kind(state)))),
    h("p", { class: "verdict-line" }, verdictWords(report?.verdict, report?.sentence), " ", report?.sentence ?? ""),
    report?.try_next ? h("p", {}, `→ ${report.try_next}`) : null,
    isDue ? h("p", { class: "work", role: "status" }, report ? "… Results or words have come since this report; a new one is being made." : "… The first report is due.") : null,
    h("p", { class: "quiet" }, report ? ["Report ", report.report_id, " of ", moment(report.published_at), ". "] : "",
      report ? report.files.filter((file) => file.name === "report.html").map((file) =>
        [h("a", { href: `${ROOT}/files/report/${file.artifact_id}?show=true` }, "The report to keep"), ". "]) : "",
      requests.length ? ["In Airflow: ", requests.map((one, at) => [at ? ", " : "",
        airflowLink(dagRunPath("process_collection", one.dag_run_id), `asked for by ${one.requested_by}, ${when(one.requested_at)}`)])] : ""),
  ];
}

const when = (iso) => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

function kind(state) {
  const [colour, sign] = SIGNS[state] ?? (BROKEN.has(state) ? ["broken", "✗"] : ["outcome", "–"]);
  return [colour, `${sign} ${NAMES[state] ?? state.replaceAll("_", " ")}`];
}

function tile(state, count, colour, words) {
  return h("li", {}, h("button", { type: "button", "data-key": `tile-${state}`, "aria-pressed": String(sweeps.state() === state),
    onclick: () => { sweeps.turnTo({ state }, true); data.refresh(); } }, h("strong", {}, count), h("span", { class: colour }, words)));
}
