// Merged data of the groups: the newest merge of each, its table of statistics, its files.

import { airflowLink } from "../lib/airflow.js";
import { ROOT } from "../lib/api.js";
import { showAsked } from "../lib/details.js";
import { h, show } from "../lib/dom.js";
import { mergeStatistics, mergeTable } from "../lib/merges.js";
import { empty } from "../lib/states.js";

let open = null;

/** Show the newest merge of each group; the statistics of one where a person asks. */
export function showMerges(place, details, document) {
  const { merges } = document;
  const inAirflow = h("p", { class: "quiet" }, "In Airflow: ", airflowLink("dags/merge_group", "merge_group"));
  if (!merges.length) {
    show(place, empty("No group has been merged yet.", "`beamloop merge COLLECTION` merges the groups that were processed with the profile full."), inAirflow);
    return;
  }
  const first = { key: "group", heading: "group", cell: (row) => h("a", { href: `${ROOT}/group/${row.group_id}` }, row.group_name) };
  show(place, mergeTable({ caption: "Merges", merges, first, open, onOpen }), inAirflow);

  function onOpen(row) {
    open = row.merge_id;
    showMerges(place, details, document);
    showAsked(details, `Group ${row.group_name}, merged`, `api/merges/${row.merge_id}`, mergeStatistics);
  }
}
