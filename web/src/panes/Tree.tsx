// SPDX-License-Identifier: Apache-2.0
// The call tree as a treegrid: the same as the flame graph, for keyboards and screen readers.

import { useMemo, useState } from 'preact/hooks';
import type { App } from '../app';
import { value } from '../format';
import { FunctionName, Note, Share, Spacer, useWindow } from './parts';

const ROW_HEIGHT = 28;

/** The way down the largest children, which is open at first. */
function hotPath(app: App): Set<number> {
  const { selection: s } = app;
  const open = new Set<number>([s.root]);
  let node = s.root;
  for (let i = 0; i < 60; i++) {
    const { nodes } = s.children.get(node);
    if (nodes.length === 0 || s.values.total[nodes[0]] < s.whole.sum * 0.02) break;
    node = nodes[0];
    open.add(node);
  }
  return open;
}

export function TreeView({ app }: { app: App }) {
  const { state, selection: s, matches } = app;
  const start = useMemo(() => hotPath(app), [s.key]);
  const [choice, setChoice] = useState({ key: s.key, open: start, at: s.root });
  const { open, at } = choice.key === s.key ? choice : { open: start, at: s.root };
  const rows: number[] = [];
  /* By hand, not by recursion: stacks may be thousands deep. */
  const todo = [s.root];
  while (todo.length > 0) {
    const node = todo.pop() as number;
    rows.push(node);
    if (!open.has(node)) continue;
    const { nodes } = s.children.get(node);
    for (let i = Math.min(nodes.length, 2000) - 1; i >= 0; i--) todo.push(nodes[i]);
  }
  const index = rows.indexOf(at);
  const sight = useWindow(rows.length, ROW_HEIGHT, index);
  const choose = (node: number) => {
    setChoice({ key: s.key, open, at: node });
    if (s.tree.fn[node] >= 0) app.focusOn(s.tree.fn[node]);
  };
  const toggle = (node: number, to = !open.has(node)) => {
    const next = new Set(open);
    if (to) next.add(node);
    else next.delete(node);
    setChoice({ key: s.key, open: next, at: node });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, () => void> = {
      ArrowDown: () => choose(rows[Math.min(rows.length - 1, index + 1)]),
      ArrowUp: () => choose(rows[Math.max(0, index - 1)]),
      Home: () => choose(rows[0]),
      End: () => choose(rows[rows.length - 1]),
      ArrowRight: () =>
        open.has(at) ? choose(s.children.get(at).nodes[0] ?? at) : toggle(at, true),
      ArrowLeft: () =>
        open.has(at) || at === s.root ? toggle(at, false) : choose(s.tree.parent[at]),
      Enter: () => app.zoomTo(at),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !moves[event.key]) return;
    moves[event.key]();
    event.preventDefault();
    event.stopPropagation();
  };
  const base = s.tree.depth[s.root];
  return (
    <div
      class="scroll tree"
      ref={sight.box}
      onScroll={sight.look}
      onKeyDown={onKeyDown}
      tabIndex={0}
      aria-label="Call tree: arrow keys move, open and close; Enter restricts to a call"
    >
      <table role="treegrid" aria-rowcount={rows.length + 1}>
        <thead>
          <tr role="row" aria-rowindex={1}>
            <th scope="col">Total</th>
            <th scope="col">Self</th>
            <th scope="col">Function</th>
          </tr>
        </thead>
        <tbody>
          <Spacer height={sight.above} columns={3} />
          {rows.slice(sight.first, sight.last).map((node, i) => {
            const fn = s.tree.fn[node];
            const leaf = s.children.get(node).nodes.length === 0;
            const dim = matches.query !== '' && fn >= 0 && !matches.functions[fn];
            return (
              <tr
                role="row"
                key={node}
                aria-rowindex={sight.first + i + 2}
                aria-level={s.tree.depth[node] - base + 1}
                aria-expanded={leaf ? undefined : open.has(node)}
                aria-selected={node === at}
                class={dim ? 'dimmed' : undefined}
                data-node={node}
                onClick={() => choose(node)}
                onDblClick={() => app.zoomTo(node)}
              >
                <td role="gridcell" class="number">
                  <Share of={s.values.total[node]} whole={s.whole.sum} tone="cool" />
                  <span class="amount">{value(state.metric, s.values.total[node])}</span>
                </td>
                <td role="gridcell" class="number">
                  <Share of={s.values.self[node]} whole={s.whole.sum} />
                </td>
                <td role="gridcell" class="function">
                  <span class="cell">
                    <span
                      class="indent"
                      style={{ width: `${Math.min(40, s.tree.depth[node] - base) * 14}px` }}
                    />
                    <button
                      type="button"
                      tabIndex={-1}
                      class={leaf ? 'twist leaf' : 'twist'}
                      aria-hidden="true"
                      onClick={(event) => {
                        event.stopPropagation();
                        toggle(node);
                      }}
                    >
                      {leaf ? '·' : open.has(node) ? '▾' : '▸'}
                    </button>
                    {fn < 0 ? <b>everything</b> : <FunctionName app={app} fn={fn} />}
                  </span>
                </td>
              </tr>
            );
          })}
          <Spacer height={sight.below} columns={3} />
        </tbody>
      </table>
      {s.whole.sum === 0 && <Note>Nothing of this was recorded here.</Note>}
    </div>
  );
}
