// SPDX-License-Identifier: Apache-2.0
// The function in focus: its numbers, who calls it, whom it calls, its hottest lines. Without one:
// what stands out.

import type { App } from '../app';
import { percent, plusMinus, shown, value } from '../format';
import type { Relation } from '../model/rows';
import { margin } from '../model/values';
import { KindDot, Share, Waits } from './parts';

interface RelationsProps {
  app: App;
  title: string;
  rows: Relation[];
  whole: number;
  none: string;
}

function Relations({ app, title, rows, whole, none }: RelationsProps) {
  const most = 12;
  return (
    <section class="relations" data-list={title}>
      <h3>
        {title} <span class="dim">share of its total</span>
      </h3>
      <ul>
        {rows.slice(0, most).map((row) => (
          <li key={row.fn}>
            <button
              type="button"
              disabled={row.fn < 0}
              data-fn={row.fn}
              data-value={row.value}
              onClick={() => app.focusOn(row.fn)}
              title={row.fn < 0 ? '' : app.engine.label(row.fn).place}
            >
              <Share of={row.value} whole={whole} tone="cool" />
              {row.fn < 0 ? (
                <span class="dim">
                  the start of the {app.selection.root ? 'selection' : 'stack'}
                </span>
              ) : (
                <>
                  <KindDot kind={app.engine.kind(row.fn)} />
                  <bdi class="name">{app.engine.label(row.fn).name}</bdi>
                </>
              )}
            </button>
          </li>
        ))}
      </ul>
      {rows.length === 0 && <p class="dim">{none}</p>}
      {rows.length > most && <p class="dim">and {rows.length - most} more</p>}
    </section>
  );
}

/** The text of a line of source, trimmed; "" where the page has none. */
export function lineText(app: App, file: number, line: number): string {
  const text = app.engine.profile.sources.get(file);
  if (text === undefined) return '';
  return shown(app.engine.sourceLines(file)[line - 1]?.trim() ?? '');
}

function HotLines({ app, fn }: { app: App; fn: number }) {
  const { engine, selection: s } = app;
  const { functions } = engine.profile;
  const rows = engine.functionLines(s, fn).slice(0, 6);
  if (rows.length === 0) return null;
  return (
    <section class="lines">
      <h3>
        Lines <span class="dim">self · total</span>
      </h3>
      <button type="button" class="lines-table" onClick={() => app.showSource(fn)}>
        {rows.map((row) => (
          <span key={row.line} class="line">
            <span class="line-share">{row.self > 0 ? percent(row.self / s.whole.sum) : ''}</span>
            <span class="line-share dim">{percent(row.total / s.whole.sum)}</span>
            <span class="line-number">{row.line > 0 ? row.line : '?'}</span>
            <code>
              <bdi>{lineText(app, functions.file[fn], row.line)}</bdi>
            </code>
          </span>
        ))}
      </button>
    </section>
  );
}

function Focus({ app, fn }: { app: App; fn: number }) {
  const { engine, state, selection: s } = app;
  const { name, place } = engine.label(fn);
  const row = engine.byFunction(s).get(fn) ?? {
    self: 0,
    total: 0,
    selfSquared: 0,
    totalSquared: 0,
  };
  const number = (label: string, n: number, squared: number) => (
    <div class="number">
      <span class="dim">{label}</span>
      <b>
        {percent(n / s.whole.sum)}{' '}
        <small class="dim">{plusMinus(margin({ sum: n, squared }, s.whole))}</small>
      </b>
      <span>{value(state.metric, n)}</span>
    </div>
  );
  return (
    <>
      <h2>
        <KindDot kind={engine.kind(fn)} /> <bdi>{name}</bdi>
      </h2>
      <p class="place">
        <button type="button" class="link" onClick={() => app.showSource(fn)}>
          <bdi>{place || 'no file'}</bdi>
        </button>
      </p>
      <div class="numbers">
        {number('self', row.self, row.selfSquared)}
        {number('total', row.total, row.totalSquared)}
      </div>
      <Waits waits={engine.functionWaits(s, state.scope, fn)} />
      <HotLines app={app} fn={fn} />
      <Relations
        app={app}
        title="Callers"
        rows={engine.callers(s, fn)}
        whole={row.total}
        none="not called here"
      />
      <Relations
        app={app}
        title="Callees"
        rows={engine.callees(s, fn)}
        whole={row.total}
        none="calls nothing that was seen"
      />
    </>
  );
}

/** Said when threads, or tasks, wait for the GIL for more than a little of their time. */
function GilWait({ app }: { app: App }) {
  const { engine, state } = app;
  if (state.metric === 'gil_wait' || !app.metrics.includes('gil_wait')) return null;
  const wall = engine.sum(state.scope, 'wall');
  const gil = engine.sum(state.scope, 'gil_wait');
  if (wall === 0 || gil / wall < 0.02) return null;
  return (
    <p>
      <button type="button" class="link" onClick={() => app.set({ metric: 'gil_wait' }, true)}>
        {percent(gil / wall)} of the {engine.profile.meta.noun}s’ time is waiting for the GIL:
        where?
      </button>
    </p>
  );
}

function StandsOut({ app }: { app: App }) {
  const { engine, state, selection: s } = app;
  const rows = engine
    .functions(s)
    .filter((row) => row.self > 0)
    .sort((a, b) => b.self - a.self)
    .slice(0, 6);
  const python = s.whole.sum - s.values.outside;
  return (
    <>
      <h2>What stands out</h2>
      <p class="dim">
        {value(state.metric, s.values.total[s.root])}
        {s.root === 0 && s.values.outside > 0 && python > 0
          ? `, ${percent(s.values.outside / s.whole.sum)} of it outside of Python code`
          : ''}
      </p>
      <GilWait app={app} />
      <ol class="stands-out">
        {rows.map((row) => (
          <li key={row.fn}>
            <button type="button" onClick={() => app.focusOn(row.fn)}>
              <span class="heat">{percent(row.self / s.whole.sum)}</span>
              <span>
                <b>
                  <bdi>{engine.label(row.fn).name}</bdi>
                </b>
                <bdi class="place">{engine.label(row.fn).place}</bdi>
                <span class="dim">
                  {value(state.metric, row.self)}
                  {row.total > row.self &&
                    ` · ${percent(row.total / s.whole.sum)} with what it calls`}
                </span>
              </span>
            </button>
          </li>
        ))}
      </ol>
      <p class="dim">Choose a function for its callers, callees and lines.</p>
    </>
  );
}

export function Side({ app }: { app: App }) {
  const { focus } = app.state;
  return (
    <aside class="side" aria-label="Function in focus">
      {focus >= 0 ? <Focus app={app} fn={focus} /> : <StandsOut app={app} />}
    </aside>
  );
}
