// SPDX-License-Identifier: Apache-2.0
// Which rectangles are to be seen. Only what is at least half a pixel wide is descended into, so a
// tree of a million nodes costs no more than the pixels it covers.

import type { ChildrenOf } from '../model/rows';
import type { Values } from '../model/values';

export const ROW = 21;
const LEAST = 0.5;

/** One row of rectangles in the order of x. A node of -1 stands for siblings that are too narrow
 *  to be drawn one by one. */
export interface Row {
  nodes: number[];
  left: number[];
  right: number[];
}

/** What is in sight, in the values of the tree: 0 is the start of node 0. */
export interface Range {
  from: number;
  to: number;
}

/** First index whose end is beyond `x`. */
function firstBeyond(ends: Float64Array, x: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle] > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function layout(children: ChildrenOf, values: Values, range: Range, width: number): Row[] {
  const scale = width / Math.max(range.to - range.from, Number.MIN_VALUE);
  const pixel = (value: number) => (value - range.from) * scale;
  const rows: Row[] = [];
  let nodes = [0];
  let starts = [0];
  let ends = [values.total[0]];
  while (nodes.length > 0) {
    rows.push({
      nodes,
      left: starts.map((start) => Math.max(0, pixel(start))),
      right: ends.map((end) => Math.min(width, pixel(end))),
    });
    const next = { nodes: [] as number[], starts: [] as number[], ends: [] as number[] };
    const add = (node: number, start: number, end: number) => {
      next.nodes.push(node);
      next.starts.push(start);
      next.ends.push(end);
    };
    for (let i = 0; i < nodes.length; i++) {
      if (nodes[i] < 0) continue;
      const start = starts[i];
      const below = children.get(nodes[i]);
      const last = below.nodes.length - 1;
      for (let c = firstBeyond(below.ends, range.from - start); c <= last; c++) {
        const from = start + (c === 0 ? 0 : below.ends[c - 1]);
        const to = start + below.ends[c];
        if (from >= range.to) break;
        if ((to - from) * scale < LEAST) {
          /* Largest first: all that follow are as narrow. */
          const rest = start + below.ends[last];
          if ((rest - from) * scale >= LEAST) add(-1, from, rest);
          break;
        }
        add(below.nodes[c], from, to);
      }
    }
    ({ nodes, starts, ends } = next);
  }
  return rows;
}

/** The index in a row of the rectangle at `x`, -1 if there is none. */
export function hit(row: Row | undefined, x: number): number {
  if (!row) return -1;
  let low = 0;
  let high = row.nodes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (row.right[middle] > x) high = middle;
    else low = middle + 1;
  }
  return low < row.nodes.length && row.left[low] <= x ? low : -1;
}
