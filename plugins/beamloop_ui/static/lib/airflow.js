// Links to Airflow's own pages. Airflow shows the pages in a frame that may not move the window by itself;
// the window's own document may.

import { h } from "./dom.js";

const AIRFLOW = document.body.dataset.airflow;

/** A link to a path of Airflow, e.g. "dags/process_collection/runs/x". */
export function airflowLink(path, ...words) {
  const address = `${AIRFLOW}/${path}`;
  return h("a", { href: address, onclick: (event) => leaveFrame(event, address) }, ...words);
}

/** The path of a run of a DAG. */
export const dagRunPath = (dagId, dagRunId) =>
  `dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(dagRunId)}`;

/** The path of a mapped task of a run. */
export const mappedTaskPath = (dagId, dagRunId, taskId, mapIndex) =>
  `${dagRunPath(dagId, dagRunId)}/tasks/${encodeURIComponent(taskId)}/mapped/${mapIndex}`;

function leaveFrame(event, address) {
  if (window.parent === window) return;
  event.preventDefault();
  const link = window.parent.document.createElement("a");
  link.href = address;
  link.click();
}
