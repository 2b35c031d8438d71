// SPDX-License-Identifier: Apache-2.0
// The merged call tree: stacks that differ only in lines become one node. Nodes are numbered in
// depth-first order, so that a subtree is a run of numbers and all passes are plain loops.

import { Kind, type Profile } from '../data/profile';

export interface Tree {
  count: number;
  /** Node 0 is the whole, of function -1; -1 is its parent. */
  parent: Int32Array;
  fn: Int32Array;
  depth: Uint32Array;
  /** One past the last node of the subtree. */
  end: Uint32Array;
  /** The node that each stack is counted in. */
  ofStack: Uint32Array;
  /** The stack whose line is given what each stack took itself: its own unless it is folded. */
  creditOf: Uint32Array;
}

/** Merges (parent node, function) pairs: an open-addressing table over plain arrays, as a Map of a
 *  million string keys would take seconds. */
class Pairs {
  private readonly slots: Int32Array;
  private readonly mask: number;

  constructor(
    most: number,
    private readonly parent: Int32Array,
    private readonly fn: Int32Array,
  ) {
    let size = 16;
    while (size < most * 2) size *= 2;
    this.slots = new Int32Array(size).fill(-1);
    this.mask = size - 1;
  }

  /** The node of the pair, or `fresh`, which is then remembered. */
  find(parent: number, fn: number, fresh: number): number {
    let slot = (Math.imul(parent, 0x9e3779b1) ^ Math.imul(fn + 1, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & this.mask;
    for (;;) {
      const node = this.slots[slot];
      if (node < 0) {
        this.slots[slot] = fresh;
        return fresh;
      }
      if (this.parent[node] === parent && this.fn[node] === fn) return node;
      slot = (slot + 1) & this.mask;
    }
  }
}

/** Depth-first numbers for a tree in which parents come before their children. */
export function preorder(
  count: number,
  parent: Int32Array,
): { number: Uint32Array; size: Uint32Array } {
  const size = new Uint32Array(count).fill(1);
  for (let i = count - 1; i > 0; i--) size[parent[i]] += size[i];
  const number = new Uint32Array(count);
  const next = new Uint32Array(count);
  next[0] = 1;
  for (let i = 1; i < count; i++) {
    const at = next[parent[i]];
    number[i] = at;
    next[i] = at + 1;
    next[parent[i]] = at + size[i];
  }
  return { number, size };
}

/** Marks the nodes in [from, to) without one of the same group above them in that range. Nodes are
 *  in depth-first order; a group of -1 is not counted. */
export function markOutermost(
  from: number,
  to: number,
  parent: Int32Array,
  group: Int32Array,
  groups: number,
): Uint8Array {
  const outermost = new Uint8Array(to - from);
  const above = new Uint32Array(groups);
  const path: number[] = [];
  for (let i = from; i < to; i++) {
    while (path.length > 0 && path[path.length - 1] !== parent[i]) {
      const left = path.pop() as number;
      if (group[left] >= 0) above[group[left]]--;
    }
    if (group[i] >= 0) {
      outermost[i - from] = above[group[i]] === 0 ? 1 : 0;
      above[group[i]]++;
    }
    path.push(i);
  }
  return outermost;
}

/** With `fold`, frames of libraries are counted in the line of the user's own code above them;
 *  stacks without any stay as they are. */
export function buildTree(profile: Profile, fold: boolean): Tree {
  const { stacks, frames, functions, files } = profile;
  const parent = new Int32Array(stacks.count + 1);
  const fn = new Int32Array(stacks.count + 1);
  const pairs = new Pairs(stacks.count + 1, parent, fn);
  const ofStack = new Uint32Array(stacks.count);
  const creditOf = new Uint32Array(stacks.count);
  /* Whether a stack has own code in it, itself included. */
  const owned = new Uint8Array(stacks.count);
  let count = 1;
  parent[0] = -1;
  fn[0] = -1;
  const isLibrary = (f: number) => {
    const kind = files.kind[functions.file[f]];
    return kind !== Kind.Own && kind !== Kind.Nowhere;
  };
  for (let i = 0; i < stacks.count; i++) {
    const f = frames.fn[stacks.frame[i]];
    const up = stacks.parent[i];
    creditOf[i] = i;
    let above = up < 0 ? 0 : ofStack[up];
    if (fold) {
      const library = isLibrary(f);
      const below = up >= 0 && owned[up] === 1;
      owned[i] = below || !library ? 1 : 0;
      if (library && below) {
        ofStack[i] = above;
        creditOf[i] = creditOf[up];
        continue;
      }
      /* The first own frame leaves the library frames under it behind. */
      if (!library && !below) above = 0;
    }
    const node = pairs.find(above, f, count);
    if (node === count) {
      parent[node] = above;
      fn[node] = f;
      count++;
    }
    ofStack[i] = node;
  }
  return number(count, parent, fn, ofStack, creditOf);
}

function number(
  count: number,
  parent: Int32Array,
  fn: Int32Array,
  ofStack: Uint32Array,
  creditOf: Uint32Array,
): Tree {
  const order = preorder(count, parent);
  const tree: Tree = {
    count,
    parent: new Int32Array(count),
    fn: new Int32Array(count),
    depth: new Uint32Array(count),
    end: new Uint32Array(count),
    ofStack: ofStack.map((node) => order.number[node]),
    creditOf,
  };
  for (let i = 0; i < count; i++) {
    const at = order.number[i];
    tree.parent[at] = i === 0 ? -1 : order.number[parent[i]];
    tree.fn[at] = fn[i];
    tree.end[at] = at + order.size[i];
  }
  for (let i = 1; i < count; i++) tree.depth[i] = tree.depth[tree.parent[i]] + 1;
  return tree;
}
