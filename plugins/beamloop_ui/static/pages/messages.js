// Messages: what people were to be told and were not, and what the sending met.

import { airflowLink } from "../lib/airflow.js";
import { ROOT } from "../lib/api.js";
import { byId, h, show } from "../lib/dom.js";
import { periodFilters } from "../lib/filters.js";
import { live } from "../lib/live.js";
import { empty, faultBox, loading } from "../lib/states.js";
import { counted, table } from "../lib/table.js";
import { moment } from "../lib/time.js";

const content = byId("messages").querySelector(".content");
show(content, loading());

const filters = periodFilters(() => data.refresh());
const data = live(() => `api/messages?${filters.query()}`, (document) => { filters.show([]); show(content, rows(document)); },
  (fault) => show(content, faultBox(fault)), { everyMs: 15_000 });

function rows({ messages, total }) {
  if (!messages.length) return empty("Every message of this period was sent, or waits for its first try.", "What is told to whom is said in the beamlines' files.");
  const columns = [
    { key: "title", heading: "message", cell: (row) => [row.title, h("div", { class: "quiet" }, row.kind)] },
    { key: "about", heading: "about", cell: (row) => (row.collection_id ? h("a", { href: `${ROOT}/collection/${row.collection_id}` }, row.collection) : row.beamline) },
    { key: "to", heading: "to", cell: (row) => [`${row.channel} by `, h("code", {}, row.airflow_connection), row.addresses.length ? h("div", { class: "quiet" }, row.addresses.join(", ")) : null] },
    { key: "state", heading: "state", cell: (row) => (row.state === "waiting" ? [h("span", { class: "badge outcome" }, "– tried again "), moment(row.next_try_at)]
      : h("span", { class: "badge broken" }, "✗ given up")) },
    { key: "tries", heading: "tries", number: true, cell: (row) => row.tries },
    { key: "trouble", heading: "what the last try met", cell: (row) => row.last_trouble },
    { key: "made", heading: "from", cell: (row) => moment(row.created_at) },
  ];
  return [table({ caption: "Messages that nobody got", columns, rows: messages }),
    total > messages.length ? h("p", { class: "quiet" }, `These are the newest ${messages.length} of ${counted(total, "message")}.`) : null,
    h("p", { class: "quiet" }, "A message is tried for a day. Address and password are in ", airflowLink("connections", "Airflow's connections"), "; ",
      airflowLink("dags/tend_requests", "tend_requests"), " sends it.")];
}
