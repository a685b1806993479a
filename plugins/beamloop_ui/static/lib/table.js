// Tables that are sorted and paged on the server, and read well by screen readers.

import { h } from "./dom.js";

/**
 * Make a table.
 * @param {object} options
 * @param {string} options.caption  said by screen readers
 * @param {Array<{key: string, heading: any, cell: (row: object) => any, number?: boolean, sort?: boolean}>} options.columns
 * @param {object[]} options.rows
 * @param {{by: string, down: boolean}} [options.sort]  the present order
 * @param {(sort: {by: string, down: boolean}) => void} [options.onSort]
 * @param {(row: object) => object} [options.rowAttributes]
 */
export function table({ caption, columns, rows, sort = null, onSort = null, rowAttributes = () => ({}) }) {
  return h("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": `${caption}, a table` },
    h("table", {}, h("caption", { class: "spoken" }, caption),
      h("thead", {}, h("tr", {}, columns.map((column) => heading(column, sort, onSort)))),
      h("tbody", {}, rows.map((row) => h("tr", rowAttributes(row),
        columns.map((column, at) => cell(column, row, at === 0)))))));
}

function heading(column, sort, onSort) {
  const sorted = sort?.by === column.key ? (sort.down ? "descending" : "ascending") : null;
  const attributes = { scope: "col", class: column.number ? "number" : null, "aria-sort": sorted };
  if (!column.sort || !onSort) return h("th", attributes, column.heading);
  const turn = () => onSort({ by: column.key, down: sort?.by === column.key ? !sort.down : false });
  const sign = sorted ? (sort.down ? " ▼" : " ▲") : "";
  return h("th", attributes, h("button", { type: "button", class: "plain", "data-key": `sort-${column.key}`, onclick: turn },
    column.heading, h("span", { "aria-hidden": "true" }, sign)));
}

function cell(column, row, isFirst) {
  const attributes = { class: column.number ? "number" : null, ...(isFirst ? { scope: "row" } : {}) };
  return h(isFirst ? "th" : "td", attributes, column.cell(row));
}

/** Buttons to move through pages; nothing where all fits on one. */
export function pager({ total, perPage, offset, onMove }) {
  if (total <= perPage) return null;
  const last = Math.min(offset + perPage, total);
  const button = (words, to, off) => h("button",
    { type: "button", disabled: off, "data-key": `page-${words}`, onclick: () => onMove(to) }, words);
  return h("nav", { class: "pager", "aria-label": "Pages of the table" },
    button("Previous", Math.max(0, offset - perPage), offset === 0),
    h("span", {}, `${offset + 1} to ${last} of ${total}`),
    button("Next", offset + perPage, last >= total));
}

/** "1 sweep", "2 sweeps". */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
