// Trees of crystals: where they are drawn, the groups that a limit of LCV cuts from them, what groups are called.

/**
 * Lay a tree out.
 * @param {{serials: number[], nodes: number[][]}} tree  nodes are [first, second, height, LCV, aLCV]; parts below
 *   the number of leaves are leaves, others nodes in order
 * @returns an object with, for each leaf and then each node: `places` (0 to leaves - 1, from left to right),
 *   `from` and `to` (its leaves are order[from] to order[to - 1]), `parents`
 */
export function layOut({ serials, nodes }) {
  const leaves = serials.length;
  const count = leaves + nodes.length;
  const [from, to, places, parents] = [0, 1, 2, 3].map(() => new Float64Array(count).fill(-1));
  const order = [];
  // From the root down, without recursion: a chain of 5000 is possible.
  const waiting = count ? [count - 1] : [];
  while (waiting.length) {
    const at = waiting.pop();
    from[at] = order.length;
    if (at < leaves) {
      order.push(serials[at]);
      continue;
    }
    const [first, second] = nodes[at - leaves];
    parents[first] = at;
    parents[second] = at;
    waiting.push(second, first);
  }
  for (let at = 0; at < count; at += 1) {
    if (at < leaves) {
      [places[at], to[at]] = [from[at], from[at] + 1];
    } else {
      const [first, second] = nodes[at - leaves];
      places[at] = (places[first] + places[second]) / 2;
      to[at] = to[second];
    }
  }
  return { leaves, nodes, order, places, from, to, parents, count };
}

/** The serial numbers of the crystals below a leaf or node. */
export const membersOf = (tree, at) => tree.order.slice(tree.from[at], tree.to[at]);

/** [LCV in %, aLCV in angstrom] of a leaf or node. */
export const variationOf = (tree, at) => (at < tree.leaves ? [0, 0] : tree.nodes[at - tree.leaves].slice(3));

/**
 * Cut the maximal branches with an LCV at or under a limit, the largest first, as the check does.
 * @returns {Array<{at: number, members: number[], lcv: number, alcv: number}>}
 */
export function cut(tree, limitPercent) {
  const found = [];
  const waiting = tree.count ? [tree.count - 1] : [];
  while (waiting.length) {
    const at = waiting.pop();
    const [lcv, alcv] = variationOf(tree, at);
    if (at < tree.leaves || lcv <= limitPercent) found.push({ at, members: membersOf(tree, at), lcv, alcv });
    else waiting.push(...tree.nodes[at - tree.leaves].slice(0, 2));
  }
  const least = (group) => group.members.reduce((a, b) => Math.min(a, b), Infinity);
  return found.sort((one, other) => other.members.length - one.members.length || least(one) - least(other));
}

/**
 * Say what a group is, by the names that groups of the report have: "A", "A + B", "part of A", "new".
 * @param {number[]} members  serial numbers
 * @param {Map<number, string>} nameOf  the group in the report of each serial number
 * @param {Map<string, number>} sizes  of the report's groups
 */
export function nameGroup(members, nameOf, sizes) {
  const counts = new Map();
  for (const serial of members) {
    const name = nameOf.get(serial);
    if (name) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  if (!counts.size) return "in no group yet";
  const words = [...counts].sort((one, other) => other[1] - one[1])
    .map(([name, count]) => (count === sizes.get(name) ? name : `part of ${name}`));
  return words.length > 4 ? `${words.slice(0, 4).join(" + ")} + ${words.length - 4} more` : words.join(" + ");
}

/** The number of the group of each leaf and node; -1 where its leaves are of several, or of none. */
export function groupNumbers(tree, numberOf) {
  const numbers = new Int32Array(tree.count).fill(-1);
  for (let at = 0; at < tree.count; at += 1) {
    if (at < tree.leaves) {
      numbers[at] = numberOf.get(tree.order[tree.from[at]]) ?? -1;
    } else {
      const [first, second] = tree.nodes[at - tree.leaves];
      numbers[at] = numbers[first] === numbers[second] ? numbers[first] : -1;
    }
  }
  return numbers;
}
