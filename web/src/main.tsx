// SPDX-License-Identifier: Apache-2.0
// Starts the viewer: unpacks the page's data, keeps the state, hears the keys.

import { render } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { App } from './app';
import { unpack } from './data/chunks';
import { readProfile } from './data/profile';
import { Engine } from './engine';
import { FlameGraph } from './flame/FlameGraph';
import { computeValues, presentMetrics, type MetricName } from './model/values';
import { Functions } from './panes/Functions';
import { Header } from './panes/Header';
import { Help } from './panes/Help';
import { Side } from './panes/Side';
import { Source } from './panes/Source';
import { Legend, Toolbar, Where } from './panes/Toolbar';
import { TreeView } from './panes/Tree';
import { formatHash, parseHash, views, type State } from './state';

/** Wall time, unless most of it is threads that only wait: then the time that they ran. Tasks do
 *  little else than wait. */
function startMetric(engine: Engine, metrics: MetricName[]): MetricName {
  const { tracks, noun } = engine.profile.meta;
  if (!metrics.includes('cpu') || tracks.length < 3 || noun === 'task') return 'wall';
  const tree = engine.tree(false);
  const wall = computeValues(engine.profile, tree, 'wall', '').total[0];
  const cpu = computeValues(engine.profile, tree, 'cpu', '').total[0];
  return cpu < wall / 2 ? 'cpu' : 'wall';
}

function storedTheme(): string {
  try {
    return localStorage.getItem('pyrometer-theme') ?? '';
  } catch {
    return ''; /* pages opened from files may have no storage */
  }
}

function useTheme(): [string, () => void] {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const [chosen, setChosen] = useState(storedTheme);
  const [system, setSystem] = useState(dark.matches);
  useEffect(() => {
    const hear = () => setSystem(dark.matches);
    dark.addEventListener('change', hear);
    return () => dark.removeEventListener('change', hear);
  }, []);
  const theme = chosen || (system ? 'dark' : 'light');
  document.documentElement.dataset.theme = theme;
  const toggle = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    setChosen(next);
    try {
      localStorage.setItem('pyrometer-theme', next);
    } catch {
      /* kept for this page only */
    }
  };
  return [theme, toggle];
}

function remember(hash: string, step: boolean): void {
  if (hash === location.hash) return;
  try {
    const url = hash || location.pathname + location.search;
    if (step) history.pushState(null, '', url);
    else history.replaceState(null, '', url);
  } catch {
    /* a frame without an address: the state lives in the page alone */
  }
}

function Viewer({ engine }: { engine: Engine }) {
  const { profile } = engine;
  const metrics = useMemo(() => presentMetrics(profile), []);
  const start: State = useMemo(
    () => ({
      view: 'flame',
      metric: startMetric(engine, metrics),
      scope: '',
      root: 0,
      focus: -1,
      query: '',
      fold: false,
      up: false,
      sort: 'self',
      file: -1,
    }),
    [],
  );
  const read = () => {
    const state = parseHash(location.hash, start, {
      metrics,
      processes: profile.meta.processes.length,
      tracks: profile.meta.tracks.length,
      functions: profile.functions.count,
      files: profile.files.count,
    });
    if (state.root >= engine.tree(state.fold).count) state.root = 0;
    return state;
  };
  const [state, setState] = useState<State>(read);
  const [theme, toggleTheme] = useTheme();
  const [help, setHelp] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const keys = useRef<((key: string) => boolean) | null>(null);

  const set = (change: Partial<State>, step = false) => {
    const next = { ...state, ...change };
    remember(formatHash(next, start), step);
    setState(next);
  };
  const selection = engine.select(state);
  const { tree } = selection;
  const app: App = {
    engine,
    state,
    selection,
    matches: engine.matches(selection, state.query),
    metrics,
    set,
    keys,
    zoomTo: (node) =>
      set({ root: node, focus: node > 0 ? tree.fn[node] : state.focus, file: -1 }, true),
    focusOn: (fn) => set({ focus: fn, file: -1 }),
    showSource: (fn) => set({ focus: fn, file: -1, view: 'source' }, true),
  };

  useEffect(() => {
    const hear = () => setState(read());
    addEventListener('popstate', hear);
    addEventListener('hashchange', hear);
    return () => {
      removeEventListener('popstate', hear);
      removeEventListener('hashchange', hear);
    };
  }, []);

  const match = useRef(-1);
  const nextMatch = (by: number) => {
    const { nodes } = app.matches;
    if (nodes.length === 0) return;
    match.current = (match.current + by + nodes.length) % nodes.length;
    set({ focus: tree.fn[nodes[match.current]], file: -1 });
  };
  useEffect(() => {
    match.current = -1;
  }, [state.query]);

  const escape = () => {
    if (help) setHelp(false);
    else if (state.query) set({ query: '' });
    else if (state.focus >= 0) set({ focus: -1, file: -1 });
    else if (state.root > 0) app.zoomTo(0);
    else keys.current?.('reset');
  };
  const commands: Record<string, () => void> = {
    '/': () => search.current?.select(),
    '?': () => setHelp(!help),
    '0': () => {
      keys.current?.('reset');
      if (state.root > 0) app.zoomTo(0);
    },
    Escape: escape,
    r: () => {
      keys.current?.('reset');
      set({ root: 0, focus: -1, query: '', scope: '', file: -1 }, true);
    },
    n: () => nextMatch(1),
    p: () => nextMatch(-1),
    l: () => set({ fold: !state.fold, root: 0 }, true),
    i: () => set({ up: !state.up }),
    u: () => state.root > 0 && app.zoomTo(tree.parent[state.root]),
    t: toggleTheme,
  };
  views.forEach((view, i) => {
    commands[String(i + 1)] = () => set({ view }, true);
  });

  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target as HTMLElement;
      const typing = target.tagName === 'INPUT' && target.getAttribute('type') === 'search';
      if (typing) {
        if (event.key === 'Escape') set({ query: '' });
        if (event.key === 'Enter') nextMatch(event.shiftKey ? -1 : 1);
        if (event.key === 'Escape') target.blur();
        return;
      }
      if (target.tagName === 'SELECT') return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      if (commands[key]) commands[key]();
      else if (!keys.current?.(key)) return;
      event.preventDefault();
    };
    addEventListener('keydown', hear);
    return () => removeEventListener('keydown', hear);
  });

  return (
    <>
      <Header profile={profile} />
      <Toolbar
        app={app}
        search={search}
        theme={theme}
        onTheme={toggleTheme}
        onHelp={() => setHelp(!help)}
      />
      <Where app={app} />
      <main class="main" data-view={state.view}>
        <div class="pane">
          {state.view === 'flame' && (
            <>
              <FlameGraph app={app} key={theme} />
              <Legend app={app} />
            </>
          )}
          {(state.view === 'flame' || state.view === 'functions') && <Functions app={app} />}
          {state.view === 'source' && <Source app={app} />}
          {state.view === 'tree' && <TreeView app={app} />}
        </div>
        <Side app={app} />
      </main>
      {help && <Help onClose={() => setHelp(false)} />}
    </>
  );
}

async function start(): Promise<void> {
  const place = document.getElementById('app') as HTMLElement;
  try {
    const began = performance.now();
    const bytes = await unpack(document);
    const unpacked = performance.now();
    const engine = new Engine(readProfile(bytes));
    place.textContent = '';
    render(<Viewer engine={engine} />, place);
    const done = performance.now();
    document.documentElement.dataset.unpackMs = (unpacked - began).toFixed(0);
    document.documentElement.dataset.readyMs = (done - began).toFixed(0);
  } catch (problem) {
    const words = document.createElement('p');
    words.className = 'wait error';
    words.textContent = problem instanceof Error ? problem.message : String(problem);
    place.replaceChildren(words);
  }
}

void start();
