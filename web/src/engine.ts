// SPDX-License-Identifier: Apache-2.0
// Answers what the panes ask, and remembers the last answer to each question.

import { Kind, type Profile } from './data/profile';
import {
  buildPlaces,
  callees,
  callers,
  ChildrenOf,
  findMatches,
  functionRows,
  lineRows,
  type FunctionRow,
  type LineRow,
  type Matches,
  type Places,
  type Relation,
} from './model/rows';
import { buildTree, type Tree } from './model/tree';
import {
  computeValues,
  metricColumn,
  splitWaits,
  tracksOf,
  type MetricName,
  type Values,
  type Wait,
  type Whole,
} from './model/values';
import type { State } from './state';
import { shown } from './format';

class Memo {
  private readonly answers = new Map<string, { key: string; answer: unknown }>();

  get<T>(name: string, key: string, make: () => T): T {
    const known = this.answers.get(name);
    if (known && known.key === key) return known.answer as T;
    const answer = make();
    this.answers.set(name, { key, answer });
    return answer;
  }
}

/** The folder, with its slash, that the absolute names of all own files start with; "" if none. */
function commonFolder({ files }: Profile): string {
  let common: string | null = null;
  for (let i = 0; i < files.count; i++) {
    const name = files.display[i];
    if (files.kind[i] !== Kind.Own || !name.startsWith('/')) continue;
    let folder = name.slice(0, name.lastIndexOf('/') + 1);
    if (common !== null)
      while (!common.startsWith(folder))
        folder = folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1);
    common = folder;
  }
  return common === null || common === '/' ? '' : common;
}

/** What a state selects. */
export interface Selection {
  /** Differs whenever anything in here differs. */
  key: string;
  tree: Tree;
  values: Values;
  children: ChildrenOf;
  root: number;
  /** The 100 % of every share. */
  whole: Whole;
}

export class Engine {
  private readonly memo = new Memo();
  private readonly labels = new Map<number, { name: string; place: string }>();

  /** Where all of the user's files are, as far as their names are absolute: not worth repeating. */
  private readonly home: string;

  constructor(readonly profile: Profile) {
    this.home = commonFolder(profile);
  }

  /** A file as it is worth showing: short, and safe. */
  fileName(file: number): string {
    const display = this.profile.files.display[file];
    return shown(display.startsWith(this.home) ? display.slice(this.home.length) : display);
  }

  tree(fold: boolean): Tree {
    return this.memo.get(`tree ${fold}`, '', () => buildTree(this.profile, fold));
  }

  select(state: State): Selection {
    const tree = this.tree(state.fold);
    const key = `${state.fold} ${state.metric} ${state.scope}`;
    const { values, children } = this.memo.get('values', key, () => {
      const values = computeValues(this.profile, tree, state.metric, state.scope);
      return { values, children: new ChildrenOf(tree, values) };
    });
    return this.memo.get('selection', `${key} ${state.root}`, () => ({
      tree,
      values,
      children,
      key: `${key} ${state.root}`,
      root: state.root,
      whole: values.whole,
    }));
  }

  /** All of a metric in some threads. */
  sum(scope: string, metric: MetricName): number {
    return this.memo.get(`sum ${metric}`, scope, () => {
      const chosen = tracksOf(this.profile, scope);
      const column = metricColumn(this.profile, metric);
      return column.reduce((sum, n, i) => sum + (chosen[this.profile.totals.track[i]] ? n : 0), 0);
    });
  }

  /** What is waited for in a call, with all that it calls. */
  nodeWaits(s: Selection, scope: string, node: number): Wait[] {
    return this.memo.get('nodeWaits', `${s.key} ${scope} ${node}`, () =>
      splitWaits(this.profile, s.tree, scope, (other) => other >= node && other < s.tree.end[node]),
    );
  }

  /** What is waited for in a function, with all that it calls. */
  functionWaits(s: Selection, scope: string, fn: number): Wait[] {
    return this.memo.get('functionWaits', `${s.key} ${scope} ${fn}`, () => {
      const { tree, root } = s;
      const inside = new Uint8Array(tree.count);
      for (let i = root; i < tree.end[root]; i++)
        inside[i] = tree.fn[i] === fn || (i > root && inside[tree.parent[i]]) ? 1 : 0;
      return splitWaits(this.profile, tree, scope, (node) => inside[node] === 1);
    });
  }

  /** How deep the tree goes where there is anything worth seeing: rows a flame graph wants. */
  depth(s: Selection): number {
    return this.memo.get('depth', s.key, () => {
      const { tree, values, root } = s;
      const least = values.total[root] * 0.004;
      let deepest = tree.depth[root];
      for (let i = root; i < tree.end[root]; i++)
        if (tree.depth[i] > deepest && values.total[i] > least) deepest = tree.depth[i];
      return deepest;
    });
  }

  functions(s: Selection): FunctionRow[] {
    return this.memo.get('functions', s.key, () =>
      functionRows(this.profile, s.tree, s.values, s.root),
    );
  }

  byFunction(s: Selection): Map<number, FunctionRow> {
    return this.memo.get(
      'byFunction',
      s.key,
      () => new Map(this.functions(s).map((row) => [row.fn, row])),
    );
  }

  places(): Places {
    return this.memo.get('places', '', () => buildPlaces(this.profile));
  }

  lines(s: Selection): LineRow[] {
    return this.memo.get('lines', s.key, () =>
      lineRows(this.profile, s.tree, s.values, this.places(), s.root),
    );
  }

  matches(s: Selection, query: string): Matches {
    return this.memo.get('matches', `${s.key} ${query}`, () =>
      findMatches(this.profile, s.tree, s.values, s.root, query),
    );
  }

  callers(s: Selection, fn: number): Relation[] {
    return this.memo.get('callers', `${s.key} ${fn}`, () => callers(s.tree, s.values, s.root, fn));
  }

  callees(s: Selection, fn: number): Relation[] {
    return this.memo.get('callees', `${s.key} ${fn}`, () => callees(s.tree, s.values, s.root, fn));
  }

  /** Lines of one function that took time, hottest first. */
  functionLines(s: Selection, fn: number): LineRow[] {
    return this.memo.get('functionLines', `${s.key} ${fn}`, () => {
      const { frames, functions } = this.profile;
      const own = new Set<number>();
      for (let i = 0; i < frames.count; i++) if (frames.fn[i] === fn) own.add(frames.line[i]);
      return this.lines(s)
        .filter((row) => row.file === functions.file[fn] && own.has(row.line))
        .sort((a, b) => b.self - a.self || b.total - a.total || a.line - b.line);
    });
  }

  sourceLines(file: number): string[] {
    return this.memo.get('sourceLines', String(file), () =>
      (this.profile.sources.get(file) ?? '').split(/\r\n|\r|\n/),
    );
  }

  /** A function as people write it, safe to show, and where it is. */
  label(fn: number): { name: string; place: string } {
    let label = this.labels.get(fn);
    if (!label) {
      const { functions, strings } = this.profile;
      const line = functions.firstLine[fn];
      const file = this.fileName(functions.file[fn]);
      label = {
        name: shown(strings[functions.name[fn]]) || '(no name)',
        place: file && line > 0 ? `${file}:${line}` : file,
      };
      this.labels.set(fn, label);
    }
    return label;
  }

  kind(fn: number): number {
    return this.profile.files.kind[this.profile.functions.file[fn]];
  }
}
