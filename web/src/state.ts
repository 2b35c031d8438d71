// SPDX-License-Identifier: Apache-2.0
// The one state that drives every pane, and its place in the address of the page, so that a link
// to a page is a link to what one looks at.

import type { MetricName } from './model/values';

export const views = ['flame', 'functions', 'source', 'tree'] as const;
export type View = (typeof views)[number];
export type Sort = 'self' | 'total' | 'name';

export interface State {
  view: View;
  metric: MetricName;
  /** "" everything, "p1" a process, "t3" a thread. */
  scope: string;
  /** Node of the tree that all panes are restricted to. */
  root: number;
  /** Function looked at, -1 for none. */
  focus: number;
  query: string;
  /** Library frames counted in the code that called them. */
  fold: boolean;
  /** Flames upwards instead of icicles downwards. */
  up: boolean;
  sort: Sort;
  /** File of the source pane, -1: that of the focus. */
  file: number;
}

export interface Bounds {
  metrics: MetricName[];
  processes: number;
  tracks: number;
  functions: number;
  files: number;
}

function index(text: string | null, limit: number, otherwise: number): number {
  const number = text !== null && /^\d{1,9}$/.test(text) ? Number(text) : -1;
  return number >= 0 && number < limit ? number : otherwise;
}

/** What is not valid in a hash is left as it is by default. The root is checked by the caller, who
 *  knows the tree. */
export function parseHash(hash: string, start: State, bounds: Bounds): State {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const one = <T extends string>(key: string, of: readonly T[], otherwise: T): T =>
    of.find((option) => option === given.get(key)) ?? otherwise;
  const scope = given.get('scope') ?? '';
  const scopeLimit = scope[0] === 'p' ? bounds.processes : scope[0] === 't' ? bounds.tracks : 0;
  return {
    view: one('view', views, start.view),
    metric: one('metric', bounds.metrics, start.metric),
    scope: index(scope.slice(1), scopeLimit, -1) >= 0 ? scope : start.scope,
    root: index(given.get('root'), 2 ** 31, start.root),
    focus: index(given.get('focus'), bounds.functions, start.focus),
    query: (given.get('q') ?? start.query).slice(0, 200),
    fold: given.has('fold') ? given.get('fold') === '1' : start.fold,
    up: given.has('up') ? given.get('up') === '1' : start.up,
    sort: one('sort', ['self', 'total', 'name'] as const, start.sort),
    file: index(given.get('file'), bounds.files, start.file),
  };
}

/** Only what differs from the start, so that a fresh page has a bare address. */
export function formatHash(state: State, start: State): string {
  const out = new URLSearchParams();
  if (state.view !== start.view) out.set('view', state.view);
  if (state.metric !== start.metric) out.set('metric', state.metric);
  if (state.scope !== start.scope) out.set('scope', state.scope);
  if (state.root !== start.root) out.set('root', String(state.root));
  if (state.focus !== start.focus) out.set('focus', String(state.focus));
  if (state.query !== start.query) out.set('q', state.query);
  if (state.fold !== start.fold) out.set('fold', state.fold ? '1' : '0');
  if (state.up !== start.up) out.set('up', state.up ? '1' : '0');
  if (state.sort !== start.sort) out.set('sort', state.sort);
  if (state.file !== start.file) out.set('file', String(state.file));
  const text = out.toString();
  return text === '' ? '' : `#${text}`;
}
