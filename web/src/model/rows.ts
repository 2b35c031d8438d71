// SPDX-License-Identifier: Apache-2.0
// Tables made from the tree: functions, callers and callees, lines of source, matches of a search.
// Each is restricted to the subtree of one node, `root`.

import type { Profile } from '../data/profile';
import { markOutermost, preorder, type Tree } from './tree';
import type { Values } from './values';

export interface FunctionRow {
  fn: number;
  self: number;
  /** Counted once per stack under recursion. */
  total: number;
  /** Squares of the weights behind them. */
  selfSquared: number;
  totalSquared: number;
}

export function functionRows(
  profile: Profile,
  tree: Tree,
  values: Values,
  root: number,
): FunctionRow[] {
  const { count } = profile.functions;
  const to = tree.end[root];
  const outermost = markOutermost(root, to, tree.parent, tree.fn, count);
  const self = new Float64Array(count);
  const total = new Float64Array(count);
  const selfSquared = new Float64Array(count);
  const totalSquared = new Float64Array(count);
  for (let i = root; i < to; i++) {
    const fn = tree.fn[i];
    if (fn < 0) continue;
    self[fn] += values.self[i];
    selfSquared[fn] += values.selfSquared[i];
    if (!outermost[i - root]) continue;
    total[fn] += values.total[i];
    totalSquared[fn] += values.totalSquared[i];
  }
  const rows: FunctionRow[] = [];
  for (let fn = 0; fn < count; fn++)
    if (total[fn] > 0)
      rows.push({
        fn,
        self: self[fn],
        total: total[fn],
        selfSquared: selfSquared[fn],
        totalSquared: totalSquared[fn],
      });
  return rows;
}

export interface Relation {
  /** -1: called by nobody. */
  fn: number;
  value: number;
}

function largestFirst(sums: Map<number, number>): Relation[] {
  return [...sums]
    .map(([fn, value]) => ({ fn, value }))
    .filter((row) => row.value > 0)
    .sort((a, b) => b.value - a.value || a.fn - b.fn);
}

/** Sums the totals of edges by `other` end, each once per stack: an edge is not counted again
 *  inside itself. */
function edges(
  tree: Tree,
  values: Values,
  root: number,
  isEdge: (node: number) => boolean,
  other: (node: number) => number,
): Relation[] {
  const sums = new Map<number, number>();
  const open = new Map<number, number>();
  const inside: number[] = [];
  for (let i = root; i < tree.end[root]; i++) {
    if (!isEdge(i)) continue;
    while (inside.length > 0 && tree.end[inside[inside.length - 1]] <= i) {
      const fn = other(inside.pop() as number);
      open.set(fn, (open.get(fn) as number) - 1);
    }
    const fn = other(i);
    const depth = open.get(fn) ?? 0;
    if (depth === 0) sums.set(fn, (sums.get(fn) ?? 0) + values.total[i]);
    open.set(fn, depth + 1);
    inside.push(i);
  }
  return largestFirst(sums);
}

export function callers(tree: Tree, values: Values, root: number, fn: number): Relation[] {
  return edges(
    tree,
    values,
    root,
    (node) => tree.fn[node] === fn,
    (node) => (node === root ? -1 : tree.fn[tree.parent[node]]),
  );
}

export function callees(tree: Tree, values: Values, root: number, fn: number): Relation[] {
  return edges(
    tree,
    values,
    root,
    (node) => node > root && tree.fn[tree.parent[node]] === fn,
    (node) => tree.fn[node],
  );
}

/** What is the same for every choice: stacks in depth-first order and the place each is at. */
export interface Places {
  /** Depth-first number of each stack, from 1; 0 is above all. */
  number: Uint32Array;
  /** Stack of a depth-first number. */
  stack: Int32Array;
  /** By depth-first number. */
  parent: Int32Array;
  /** (file, line) of each frame. */
  ofFrame: Int32Array;
  file: number[];
  line: number[];
}

export function buildPlaces(profile: Profile): Places {
  const { stacks, frames, functions } = profile;
  const up = new Int32Array(stacks.count + 1);
  up[0] = -1;
  for (let i = 0; i < stacks.count; i++) up[i + 1] = stacks.parent[i] + 1;
  const order = preorder(stacks.count + 1, up);
  const places: Places = {
    number: order.number.subarray(1),
    stack: new Int32Array(stacks.count + 1),
    parent: new Int32Array(stacks.count + 1),
    ofFrame: new Int32Array(frames.count),
    file: [],
    line: [],
  };
  for (let i = 0; i <= stacks.count; i++) {
    places.stack[order.number[i]] = i - 1;
    places.parent[order.number[i]] = i === 0 ? -1 : order.number[up[i]];
  }
  const known = new Map<number, number>();
  for (let i = 0; i < frames.count; i++) {
    const file = functions.file[frames.fn[i]];
    const key = file * 4294967296 + (frames.line[i] >>> 0);
    let place = known.get(key);
    if (place === undefined) {
      place = places.file.length;
      places.file.push(file);
      places.line.push(frames.line[i]);
      known.set(key, place);
    }
    places.ofFrame[i] = place;
  }
  return places;
}

export interface LineRow {
  file: number;
  line: number;
  self: number;
  total: number;
}

export function lineRows(
  profile: Profile,
  tree: Tree,
  values: Values,
  places: Places,
  root: number,
): LineRow[] {
  const count = places.stack.length;
  const group = new Int32Array(count).fill(-1);
  const total = new Float64Array(count);
  const { stackSelf } = values;
  for (let i = 1; i < count; i++) {
    const stack = places.stack[i];
    const node = tree.ofStack[stack];
    if (node < root || node >= tree.end[root]) continue;
    total[i] = stackSelf[stack];
    if (tree.creditOf[stack] === stack) group[i] = places.ofFrame[profile.stacks.frame[stack]];
  }
  for (let i = count - 1; i > 0; i--) total[places.parent[i]] += total[i];
  const outermost = markOutermost(0, count, places.parent, group, places.file.length);
  const rows: LineRow[] = places.file.map((file, place) => ({
    file,
    line: places.line[place],
    self: 0,
    total: 0,
  }));
  for (let i = 1; i < count; i++) {
    if (group[i] < 0) continue;
    rows[group[i]].self += stackSelf[places.stack[i]];
    if (outermost[i]) rows[group[i]].total += total[i];
  }
  return rows.filter((row) => row.total > 0);
}

export interface Matches {
  query: string;
  /** By function. */
  functions: Uint8Array;
  /** Nodes that match with none above them that does, largest first. */
  nodes: number[];
  /** What they have together: the share of time in which a match was on the stack. */
  value: number;
}

export function findMatches(
  profile: Profile,
  tree: Tree,
  values: Values,
  root: number,
  query: string,
): Matches {
  const wanted = query.trim().toLowerCase();
  const functions = new Uint8Array(profile.functions.count);
  const matches: Matches = { query: wanted, functions, nodes: [], value: 0 };
  if (!wanted) return matches;
  const inFile = profile.files.display.map((name) => name.toLowerCase().includes(wanted));
  const inName = profile.strings.map((text) => text.toLowerCase().includes(wanted));
  for (let fn = 0; fn < profile.functions.count; fn++)
    functions[fn] =
      inName[profile.functions.name[fn]] || inFile[profile.functions.file[fn]] ? 1 : 0;
  for (let i = root; i < tree.end[root];) {
    if (tree.fn[i] >= 0 && functions[tree.fn[i]] && values.total[i] > 0) {
      matches.nodes.push(i);
      matches.value += values.total[i];
      i = tree.end[i];
    } else {
      i++;
    }
  }
  matches.nodes.sort((a, b) => values.total[b] - values.total[a] || a - b);
  return matches;
}

/** Children with anything in them, largest first, and where each ends, counted from the start of
 *  the parent. */
export interface Children {
  nodes: number[];
  ends: Float64Array;
}

export class ChildrenOf {
  private readonly known = new Map<number, Children>();

  constructor(
    private readonly tree: Tree,
    private readonly values: Values,
  ) {}

  get(node: number): Children {
    let children = this.known.get(node);
    if (!children) {
      const { total } = this.values;
      const nodes: number[] = [];
      for (let i = node + 1; i < this.tree.end[node]; i = this.tree.end[i])
        if (total[i] > 0) nodes.push(i);
      nodes.sort((a, b) => total[b] - total[a] || this.tree.fn[a] - this.tree.fn[b]);
      const ends = new Float64Array(nodes.length);
      let end = 0;
      for (let i = 0; i < nodes.length; i++) ends[i] = end += total[nodes[i]];
      children = { nodes, ends };
      this.known.set(node, children);
    }
    return children;
  }

  /** Where a node starts, counted from the start of node 0. */
  start(node: number): number {
    let start = 0;
    for (let at = node; at > 0; at = this.tree.parent[at]) {
      const { nodes, ends } = this.get(this.tree.parent[at]);
      const place = nodes.indexOf(at);
      if (place > 0) start += ends[place - 1];
    }
    return start;
  }
}
