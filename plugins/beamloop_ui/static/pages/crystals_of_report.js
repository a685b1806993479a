// A report's crystals as the page asks for them: by serial number, by name, by the report's groups; and its trees.

import { cut, layOut, nameGroup } from "../lib/tree.js";

/**
 * Index what a report says of its crystals.
 * @param {object} report  of the collection's document: its groups
 * @param {{columns: string[], crystals: Array[], trees: ?object}} found  the report's own document
 */
export function crystalsOfReport(report, { columns, crystals: rows, trees }) {
  const all = rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])));
  const bySerial = new Map(all.filter((one) => one.serial).map((one) => [one.serial, one]));
  const severalOf = new Set(all.filter((one) => one.crystal_number > 1).map((one) => one.sweep_id));
  const name = (one) => (severalOf.has(one.sweep_id) ? `${one.sweep} (${one.crystal_number})` : one.sweep);
  const groupNames = new Map(report.groups.map((group) => [group.group_id, group.name]));
  const groupOf = new Map([...bySerial].map(([serial, one]) => [serial, groupNames.get(one.group_id)]));
  const sizes = new Map(report.groups.map((group) => [group.name, group.crystals]));
  const groupWords = (members) => nameGroup(members, groupOf, sizes);
  return {
    all, bySerial, name, groupWords,
    trees: trees ? { inliers: layOut(trees.inliers), all: layOut(trees.all) } : null,
    nameOf: (serial) => name(bySerial.get(serial)),
    nameLength: [...bySerial.values()].reduce((most, one) => Math.max(most, name(one).length), 0),
    groupNames: [...sizes.keys()],
    /** The report's group that has these crystals and no others; undefined where there is none. */
    groupOfReport: (members) => report.groups.find((group) => group.name === groupWords(members))?.group_id,
  };
}

/**
 * Cut the tree at a limit of LCV.
 * @returns {{groups: object[], large: object[], numberOf: Map<number, number>}} all branches, those of two and more
 *   crystals, and the place among them of each crystal's
 */
export function groupsAt(crystals, limitPercent) {
  const groups = cut(crystals.trees.inliers, limitPercent);
  const large = groups.filter((group) => group.members.length > 1);
  // Other forms of the crystal, which are no part of this tree, keep the groups of the report.
  const numberOf = new Map(large.flatMap((group, number) => group.members.map((serial) => [serial, number])));
  return { groups, large, numberOf };
}
