// The choice of period and beamline that several pages have; it stands in the address, so that it can be sent on.

import { byId, h, show } from "./dom.js";

const PERIODS = [["the last 12 hours", 12], ["the last 24 hours", 24], ["the last 3 days", 72], ["the last week", 168], ["the last 2 weeks", 336]];

/**
 * Keep the choice.
 * @param {() => void} onChange
 * @returns {{query: (more?: object) => URLSearchParams, show: (beamlines: string[]) => void}}
 */
export function periodFilters(onChange) {
  const given = new URLSearchParams(location.search);
  const hours = PERIODS.some(([, known]) => String(known) === given.get("hours")) ? given.get("hours") : "12";
  const state = { hours, beamline: given.get("beamline") ?? "" };

  function turn(change) {
    Object.assign(state, change);
    history.replaceState(null, "", `?${query()}`);
    onChange();
  }

  const query = (more = {}) =>
    new URLSearchParams({ hours: state.hours, ...(state.beamline ? { beamline: state.beamline } : {}), ...more });

  const select = (label, id, choices, present, change) => h("label", {}, label, h("select", { id, onchange: (e) => turn(change(e.target.value)) },
    choices.map(([words, value]) => h("option", { value, selected: String(value) === present }, words))));

  return {
    query,
    show: (beamlines) => show(byId("filters"),
      select("Period", "period", PERIODS, state.hours, (value) => ({ hours: value })),
      beamlines.length > 1
        ? select("Beamline", "beamline", [["all", ""], ...beamlines.map((name) => [name, name])], state.beamline, (value) => ({ beamline: value })) : null),
  };
}
