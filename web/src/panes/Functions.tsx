// SPDX-License-Identifier: Apache-2.0
// The table of functions: self, total, sortable, filtered by the search.

import type { App } from '../app';
import { plusMinus, value } from '../format';
import type { FunctionRow } from '../model/rows';
import { margin } from '../model/values';
import type { Sort } from '../state';
import { FunctionName, Note, Share, Spacer, useWindow } from './parts';

const ROW_HEIGHT = 30;

export function sortedFunctions(app: App): FunctionRow[] {
  const { engine, state, selection, matches } = app;
  const rows = engine
    .functions(selection)
    .filter((row) => matches.query === '' || matches.functions[row.fn]);
  const byName = (a: FunctionRow, b: FunctionRow) => {
    const left = engine.label(a.fn).name;
    const right = engine.label(b.fn).name;
    return left < right ? -1 : left > right ? 1 : a.fn - b.fn;
  };
  const orders: Record<Sort, (a: FunctionRow, b: FunctionRow) => number> = {
    self: (a, b) => b.self - a.self || b.total - a.total || a.fn - b.fn,
    total: (a, b) => b.total - a.total || b.self - a.self || a.fn - b.fn,
    name: byName,
  };
  return rows.sort(orders[state.sort]);
}

function Heading({ app, sort, words }: { app: App; sort: Sort; words: string }) {
  const active = app.state.sort === sort;
  return (
    <th
      scope="col"
      class={sort}
      aria-sort={active ? (sort === 'name' ? 'ascending' : 'descending') : 'none'}
    >
      <button type="button" onClick={() => app.set({ sort })}>
        {words}
        <span class="arrow">{active ? (sort === 'name' ? '▴' : '▾') : ''}</span>
      </button>
    </th>
  );
}

export function Functions({ app }: { app: App }) {
  const { state, selection: s, matches } = app;
  const rows = sortedFunctions(app);
  const focusAt = rows.findIndex((row) => row.fn === state.focus);
  const sight = useWindow(rows.length, ROW_HEIGHT, focusAt);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 }[event.key];
    if (step !== undefined && rows.length > 0) {
      const to = Math.min(rows.length - 1, Math.max(0, focusAt + step));
      app.focusOn(rows[to].fn);
    } else if (event.key === 'Enter' && state.focus >= 0) {
      app.showSource(state.focus);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      class="scroll functions"
      ref={sight.box}
      onScroll={sight.look}
      onKeyDown={onKeyDown}
      tabIndex={0}
      aria-label="Functions: arrow keys choose, Enter shows the source"
    >
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <Heading app={app} sort="self" words="Self" />
            <Heading app={app} sort="total" words="Total" />
            <Heading app={app} sort="name" words="Function" />
          </tr>
        </thead>
        <tbody>
          <Spacer height={sight.above} columns={3} />
          {rows.slice(sight.first, sight.last).map((row, i) => (
            <tr
              key={row.fn}
              aria-rowindex={sight.first + i + 2}
              aria-selected={row.fn === state.focus}
              data-fn={row.fn}
              data-self={row.self}
              data-total={row.total}
              onClick={() => app.focusOn(row.fn)}
              onDblClick={() => app.showSource(row.fn)}
            >
              <td class="number">
                <Share of={row.self} whole={s.whole.sum} />
                <span class="dim interval">
                  {row.self > 0 &&
                    plusMinus(margin({ sum: row.self, squared: row.selfSquared }, s.whole))}
                </span>
                <span class="amount">{row.self > 0 && value(state.metric, row.self)}</span>
              </td>
              <td class="number">
                <Share of={row.total} whole={s.whole.sum} tone="cool" />
                <span class="amount">{value(state.metric, row.total)}</span>
              </td>
              <td class="function">
                <span class="cell">
                  <FunctionName app={app} fn={row.fn} />
                </span>
              </td>
            </tr>
          ))}
          <Spacer height={sight.below} columns={3} />
        </tbody>
      </table>
      {rows.length === 0 && (
        <Note>{matches.query ? 'No function matches.' : 'No function took any of it.'}</Note>
      )}
    </div>
  );
}
