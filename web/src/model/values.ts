// SPDX-License-Identifier: Apache-2.0
// What a choice of metric and threads gathers on every node of the tree.

import type { Profile } from '../data/profile';
import type { Tree } from './tree';

/** Why threads are off their processors; together they are `wait`, where they were recorded. */
export const reasons = [
  'gil_wait',
  'wait_lock',
  'wait_io',
  'wait_net',
  'wait_sleep',
  'wait_other',
  'ready',
] as const;
export type ReasonName = (typeof reasons)[number];
export type MetricName = 'wall' | 'cpu' | 'wait' | ReasonName | 'gil_held' | 'samples';

const metricOrder: MetricName[] = ['wall', 'cpu', 'wait', ...reasons, 'gil_held', 'samples'];

export const metricWords: Record<MetricName, { label: string; long: string }> = {
  wall: { label: 'Wall', long: 'time on the clock, running or not' },
  cpu: { label: 'CPU', long: 'time on a processor' },
  wait: { label: 'Waiting', long: 'time off the processor' },
  gil_wait: { label: 'GIL wait', long: 'time waiting for the global interpreter lock' },
  wait_lock: { label: 'Lock wait', long: 'time waiting for a lock' },
  wait_io: { label: 'I/O wait', long: 'time waiting for a file, a pipe or the terminal' },
  wait_net: { label: 'Network wait', long: 'time waiting for a socket, or for several events' },
  wait_sleep: { label: 'Asleep', long: 'time asleep' },
  wait_other: { label: 'Other wait', long: 'time waiting for anything else' },
  ready: { label: 'No processor', long: 'time waiting for a processor' },
  gil_held: { label: 'GIL held', long: 'time holding the global interpreter lock' },
  samples: { label: 'Samples', long: 'samples taken' },
};

/** What a thread does meanwhile, after "waiting". */
export const reasonWords: Record<ReasonName, string> = {
  gil_wait: 'for the GIL',
  wait_lock: 'for locks',
  wait_io: 'for files and pipes',
  wait_net: 'for the network',
  wait_sleep: 'asleep',
  wait_other: 'for something else',
  ready: 'for a processor',
};

/** One value per row of the profile's totals. */
export function metricColumn(profile: Profile, metric: MetricName): Float64Array {
  const { values } = profile.totals;
  if (metric !== 'wait') return values[metric] ?? new Float64Array(profile.totals.count);
  /* A thread's processor time comes from another clock than its wall time: not below 0. */
  return values.wall.map((wall, i) => Math.max(0, wall - values.cpu[i]));
}

/** Metrics of which anything was recorded. */
export function presentMetrics(profile: Profile): MetricName[] {
  return metricOrder.filter(
    (metric) =>
      metric === 'wall' || metricColumn(profile, metric).some((value: number) => value > 0),
  );
}

/** "" is everything, "p1" a process, "t3" a thread, by index. */
export function tracksOf(profile: Profile, scope: string): Uint8Array {
  const { tracks } = profile.meta;
  const index = Number(scope.slice(1));
  return Uint8Array.from(tracks, (track, i) =>
    scope === '' || (scope[0] === 'p' ? track.process === index : i === index) ? 1 : 0,
  );
}

export interface Wait {
  reason: ReasonName;
  sum: number;
}

/** What some threads wait for in those nodes of the tree that are `inside`, longest first. */
export function splitWaits(
  profile: Profile,
  tree: Tree,
  scope: string,
  inside: (node: number) => boolean,
): Wait[] {
  const { totals } = profile;
  const chosen = tracksOf(profile, scope);
  const rows: number[] = [];
  for (let i = 0; i < totals.count; i++) {
    const node = totals.stack[i] < 0 ? 0 : tree.ofStack[totals.stack[i]];
    if (chosen[totals.track[i]] && inside(node)) rows.push(i);
  }
  return reasons
    .map((reason) => {
      const column = metricColumn(profile, reason);
      return { reason, sum: rows.reduce((sum, i) => sum + column[i], 0) };
    })
    .filter(({ sum }) => sum > 0)
    .sort((a, b) => b.sum - a.sum);
}

export interface Weight {
  sum: number;
  squared: number;
}

/** The 100 % of all shares. */
export interface Whole extends Weight {
  /** Effective number of samples (Kish). */
  samples: number;
  /** The squares are of this metric's own weights; false: of wall's, good for counting only. */
  weighted: boolean;
}

export interface Values {
  /** By stack, what was gathered with it on top. */
  stackSelf: Float64Array;
  /** By node. */
  self: Float64Array;
  total: Float64Array;
  /** Squares of the samples' weights, in the same two ways. */
  selfSquared: Float64Array;
  totalSquared: Float64Array;
  /** Gathered outside of Python code; part of node 0. */
  outside: number;
  whole: Whole;
}

export function computeValues(
  profile: Profile,
  tree: Tree,
  metric: MetricName,
  scope: string,
): Values {
  const { totals, stacks } = profile;
  const column = metricColumn(profile, metric);
  const squares = metric === 'cpu' ? totals.cpuSquared : totals.wallSquared;
  const weights = metric === 'cpu' ? totals.values.cpu : totals.values.wall;
  const chosen = tracksOf(profile, scope);
  let weight = 0;
  const values: Values = {
    stackSelf: new Float64Array(stacks.count),
    self: new Float64Array(tree.count),
    total: new Float64Array(tree.count),
    selfSquared: new Float64Array(tree.count),
    totalSquared: new Float64Array(tree.count),
    outside: 0,
    whole: { sum: 0, squared: 0, samples: 0, weighted: metric === 'wall' || metric === 'cpu' },
  };
  const { stackSelf, self, total, selfSquared, totalSquared } = values;
  for (let i = 0; i < totals.count; i++) {
    if (chosen[totals.track[i]] === 0) continue;
    const stack = totals.stack[i];
    const node = stack < 0 ? 0 : tree.ofStack[stack];
    weight += weights[i];
    self[node] += column[i];
    selfSquared[node] += squares[i];
    if (stack < 0) {
      values.outside += column[i];
      continue;
    }
    stackSelf[tree.creditOf[stack]] += column[i];
  }
  total.set(self);
  totalSquared.set(selfSquared);
  for (let i = tree.count - 1; i > 0; i--) {
    total[tree.parent[i]] += total[i];
    totalSquared[tree.parent[i]] += totalSquared[i];
  }
  const squared = totalSquared[0];
  Object.assign(values.whole, {
    sum: total[0],
    squared,
    samples: squared > 0 ? weight ** 2 / squared : 0,
  });
  return values;
}

/** Half the width of the 95 % interval of a share, the larger side: Wilson's interval over the
 *  number of equal samples that tell as much, as the report has it (src/profile/stats.c). */
export function margin(part: Weight, whole: Whole): number {
  if (!(whole.samples > 0) || !(whole.sum > 0)) return 1;
  const p = Math.min(1, Math.max(0, part.sum / whole.sum));
  let n = whole.samples;
  if (whole.weighted && p > 0 && p < 1) {
    const rest = Math.max(0, whole.squared - part.squared);
    const variance = ((1 - p) ** 2 * part.squared + p ** 2 * rest) / whole.sum ** 2;
    if (variance > 0) n = Math.min(n, (p * (1 - p)) / variance);
  }
  n = Math.max(1, n);
  const z = 1.959963984540054;
  const z2n = (z * z) / n;
  const middle = (p + z2n / 2) / (1 + z2n);
  const half = (z / (1 + z2n)) * Math.sqrt((p * (1 - p)) / n + z2n / (4 * n));
  const low = p <= 0 ? 0 : Math.min(p, Math.max(0, middle - half));
  const high = p >= 1 ? 1 : Math.max(p, Math.min(1, middle + half));
  return Math.max(high - p, p - low);
}
