// SPDX-License-Identifier: Apache-2.0
import type { RefObject } from 'preact';
import type { App } from '../app';
import { kindColour } from '../flame/colours';
import { kindWords, percent, plural, shown } from '../format';
import { metricWords, type MetricName } from '../model/values';
import { views, type View } from '../state';

const viewWords: Record<View, string> = {
  flame: 'Flame graph',
  functions: 'Functions',
  source: 'Source',
  tree: 'Tree',
};

function Scope({ app }: { app: App }) {
  const { processes, tracks, noun } = app.engine.profile.meta;
  if (tracks.length < 2) return null;
  const several = processes.length > 1;
  const name = (i: number) =>
    shown(tracks[i].name) || (tracks[i].main ? 'MainThread' : `thread ${tracks[i].tid}`);
  /* Tasks come before the threads that are left. */
  const order = tracks.map((track, i) => ({ track, i }));
  order.sort((a, b) => Number(b.track.task) - Number(a.track.task) || a.i - b.i);
  return (
    <select
      aria-label={`${noun[0].toUpperCase()}${noun.slice(1)}s and processes`}
      value={app.state.scope}
      onChange={(event) => app.set({ scope: event.currentTarget.value, root: 0 }, true)}
    >
      <option value="">{several ? 'All processes' : `All ${noun}s`}</option>
      {processes.map((process, p) => {
        const own = order.filter((t) => t.track.process === p);
        const options = own.map(({ i }) => (
          <option key={i} value={`t${i}`}>
            {name(i)}
          </option>
        ));
        if (!several) return options;
        return (
          <optgroup key={p} label={`${process.pid}  ${shown(process.command).slice(0, 40)}`}>
            {own.length !== 1 && <option value={`p${p}`}>all of {process.pid}</option>}
            {options}
          </optgroup>
        );
      })}
    </select>
  );
}

function Search({ app, input }: { app: App; input: RefObject<HTMLInputElement | null> }) {
  const { state, matches, selection } = app;
  const active = matches.query !== '';
  return (
    <div class={active ? 'search active' : 'search'}>
      <input
        ref={input}
        type="search"
        placeholder="Search  /"
        aria-label="Search functions and files"
        value={state.query}
        onInput={(event) => app.set({ query: event.currentTarget.value })}
      />
      {active && (
        <output>
          {matches.nodes.length === 0
            ? 'no match'
            : `${percent(matches.value / selection.whole.sum)} in ${plural(matches.nodes.length, 'place')}`}
        </output>
      )}
    </div>
  );
}

export function Where({ app }: { app: App }) {
  const { selection: s, engine } = app;
  if (s.root === 0) return null;
  const path: number[] = [];
  for (let node = s.root; node > 0; node = s.tree.parent[node]) path.unshift(node);
  const shownPath = path.slice(-4);
  return (
    <nav class="where" aria-label="Restricted to">
      <button type="button" onClick={() => app.zoomTo(0)}>
        all
      </button>
      {path.length > shownPath.length && <span class="dim">›&nbsp;…</span>}
      {shownPath.map((node) => (
        <span key={node}>
          <span class="dim">›</span>
          <button
            type="button"
            aria-current={node === s.root ? 'true' : undefined}
            onClick={() => app.zoomTo(node)}
          >
            <bdi>{engine.label(s.tree.fn[node]).name}</bdi>
          </button>
        </span>
      ))}
      <button type="button" class="clear" title="Show all (0)" onClick={() => app.zoomTo(0)}>
        ×
      </button>
    </nav>
  );
}

export function Legend({ app }: { app: App }) {
  const present = new Set(app.engine.profile.files.kind);
  return (
    <ul class="legend">
      {kindWords.map(
        (words, kind) =>
          present.has(kind) && (
            <li key={words}>
              <span class="dot" style={{ background: kindColour(kind) }} />
              {words}
            </li>
          ),
      )}
    </ul>
  );
}

interface Props {
  app: App;
  search: RefObject<HTMLInputElement | null>;
  theme: string;
  onTheme: () => void;
  onHelp: () => void;
}

export function Toolbar({ app, search, theme, onTheme, onHelp }: Props) {
  const { state } = app;
  return (
    <div class="toolbar">
      <div class="views" role="tablist" aria-label="Views">
        {views.map((view, i) => (
          <button
            type="button"
            key={view}
            role="tab"
            aria-selected={state.view === view}
            title={`${viewWords[view]} (${i + 1})`}
            onClick={() => app.set({ view }, true)}
          >
            {viewWords[view]}
          </button>
        ))}
      </div>
      <select
        aria-label="Metric"
        title={metricWords[state.metric].long}
        value={state.metric}
        onChange={(event) => app.set({ metric: event.currentTarget.value as MetricName }, true)}
      >
        {app.metrics.map((metric) => (
          <option key={metric} value={metric}>
            {metricWords[metric].label}
          </option>
        ))}
      </select>
      <Scope app={app} />
      <label class="check" title="Count library code in the line of yours that called it (l)">
        <input
          type="checkbox"
          checked={state.fold}
          onChange={(event) => app.set({ fold: event.currentTarget.checked, root: 0 }, true)}
        />
        own code only
      </label>
      {state.view === 'flame' && (
        <button
          type="button"
          class="quiet"
          title="Turn the graph upside down (i)"
          onClick={() => app.set({ up: !state.up })}
        >
          {state.up ? '↑ flames' : '↓ icicles'}
        </button>
      )}
      <Search app={app} input={search} />
      <span class="spread" />
      <button
        type="button"
        class="quiet"
        onClick={onTheme}
        title="Light or dark"
        aria-label="Theme"
      >
        {theme === 'dark' ? '☀' : '☾'}
      </button>
      <button type="button" class="quiet" onClick={onHelp} title="Keys (?)" aria-label="Keys">
        ?
      </button>
    </div>
  );
}
