// Joint refinement of the groups: what it did to the spread of the cells and to the fit, crystal by crystal.

import { airflowLink } from "../lib/airflow.js";
import { ROOT } from "../lib/api.js";
import { h, show } from "../lib/dom.js";
import { jointComparison, jointTable } from "../lib/joints.js";
import { showAsked } from "../lib/details.js";
import { empty } from "../lib/states.js";

let open = null;

/** Show the newest joint refinement of each group; the details of one where a person asks. */
export function showJoints(place, details, document) {
  const { joints } = document;
  if (!joints.length) {
    show(place, empty("No group has been refined jointly yet.", "It is done by night, or by `beamloop joint COLLECTION`."), inAirflow());
    return;
  }
  const first = { key: "group", heading: "group", cell: (row) => h("a", { href: `${ROOT}/group/${row.group_id}` }, row.group_name) };
  show(place, jointTable({ caption: "Joint refinements", joints, first, open, onOpen }), inAirflow());

  function onOpen(row) {
    open = row.joint_id;
    showJoints(place, details, document);
    showAsked(details, `Group ${row.group_name}, crystal by crystal`, `api/joints/${row.joint_id}`, jointComparison);
  }
}

const inAirflow = () => h("p", { class: "quiet" }, "In Airflow: ", airflowLink("dags/refine_joint", "refine_joint"));
