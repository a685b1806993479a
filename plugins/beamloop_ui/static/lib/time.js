// Times: UTC first, as everywhere in Beamloop, the reader's own beside it.

import { h } from "./dom.js";

const two = (number) => String(number).padStart(2, "0");
const day = (date) => `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
const localDay = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

/** "06:07 UTC". */
export const clock = (date) => `${two(date.getUTCHours())}:${two(date.getUTCMinutes())} UTC`;

/** A time as an element: "06:07 UTC (07:07 local)", with the day where it is not today. */
export function moment(iso) {
  if (!iso) return null;
  const date = new Date(iso);
  const today = day(date) === day(new Date());
  const utc = `${today ? "" : `${day(date)} `}${clock(date)}`;
  return h("time", { datetime: iso, title: date.toISOString() }, utc, local(date));
}

function local(date) {
  const words = localWords(date);
  return words ? h("span", { class: "local" }, ` (${words})`) : null;
}

/** "07:07 local", with the day where it is another one than in UTC; nothing where the reader's clock is UTC. */
export function localWords(date) {
  if (date.getTimezoneOffset() === 0) return "";
  const sameDay = localDay(date) === day(date);
  return `${sameDay ? "" : `${localDay(date)} `}${two(date.getHours())}:${two(date.getMinutes())} local`;
}

/** "42 s", "3 min", "2.4 h", "5 d". */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${(seconds / 3600).toFixed(1)} h`;
  return `${Math.round(seconds / 86400)} d`;
}
