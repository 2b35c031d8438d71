// SPDX-License-Identifier: Apache-2.0
// What every pane is given: the answers for the present state, and the ways to change it.

import type { Engine, Selection } from './engine';
import type { Matches } from './model/rows';
import type { MetricName } from './model/values';
import type { State } from './state';

export interface App {
  engine: Engine;
  state: State;
  selection: Selection;
  matches: Matches;
  metrics: MetricName[];
  /** Changes the state; a step that people would go back from makes an entry in the history. */
  set(change: Partial<State>, step?: boolean): void;
  /** Makes a node the root of all panes and its function the focus. */
  zoomTo(node: number): void;
  /** Chooses a function without moving. */
  focusOn(fn: number): void;
  showSource(fn: number): void;
  /** How the flame graph, while it is there, hears of keys; true if it took one. */
  keys: { current: ((key: string) => boolean) | null };
}
