// SPDX-License-Identifier: Apache-2.0
// Source with numbers beside each line.

import { useMemo } from 'preact/hooks';
import type { App } from '../app';
import { percent, shown, value } from '../format';
import type { LineRow } from '../model/rows';
import { highlight } from './highlight';
import { KindDot, Note, Spacer, useWindow } from './parts';

const ROW_HEIGHT = 20;

interface FileHeat {
  file: number;
  self: number;
}

function heatOfFiles(app: App): FileHeat[] {
  const { engine, selection } = app;
  const heat = new Map<number, number>();
  for (const row of engine.lines(selection))
    heat.set(row.file, (heat.get(row.file) ?? 0) + row.self);
  return [...heat]
    .map(([file, self]) => ({ file, self }))
    .sort((a, b) => b.self - a.self || a.file - b.file);
}

/** The file to show: the chosen one, that of the focus, else the hottest that the page has. */
export function fileShown(app: App, files: FileHeat[]): number {
  const { state, engine } = app;
  if (state.file >= 0) return state.file;
  if (state.focus >= 0) return engine.profile.functions.file[state.focus];
  return (files.find(({ file }) => engine.profile.sources.has(file)) ?? files[0])?.file ?? -1;
}

function Picker({ app, files, file }: { app: App; files: FileHeat[]; file: number }) {
  const { engine, selection: s, matches } = app;
  const { display } = engine.profile.files;
  const listed = files.filter(
    (row) =>
      row.file === file ||
      !matches.query ||
      display[row.file].toLowerCase().includes(matches.query),
  );
  if (!listed.some((row) => row.file === file) && file >= 0) listed.unshift({ file, self: 0 });
  return (
    <div class="picker">
      <select
        aria-label="File"
        value={file}
        onChange={(event) => app.set({ file: Number(event.currentTarget.value) }, true)}
      >
        {listed.slice(0, 500).map((row) => (
          <option key={row.file} value={row.file}>
            {`${engine.fileName(row.file) || '(no file)'}   ${percent(row.self / s.whole.sum)} self`}
          </option>
        ))}
      </select>
    </div>
  );
}

function WithoutText({ app, rows }: { app: App; rows: LineRow[] }) {
  const { selection: s } = app;
  return (
    <div class="scroll">
      <table class="code">
        <tbody>
          {rows.map((row) => (
            <tr key={row.line} data-line={row.line} data-self={row.self} data-total={row.total}>
              <td class="heat">{row.self > 0 ? percent(row.self / s.whole.sum) : ''}</td>
              <td class="heat total">{percent(row.total / s.whole.sum)}</td>
              <td class="line-number">{row.line > 0 ? row.line : '?'}</td>
              <td class="dim">line {row.line}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Text({ app, file, rows }: { app: App; file: number; rows: LineRow[] }) {
  const { engine, state, selection: s } = app;
  const { functions, sources } = engine.profile;
  const lines = engine.sourceLines(file);
  const spans = useMemo(() => highlight(sources.get(file) ?? '', lines), [file]);
  const byLine = new Map(rows.map((row) => [row.line, row]));
  const hottest = rows.reduce((best, row) => Math.max(best, row.self), 0);
  /* The focus if it is in this file, else where most time goes. */
  const inFocus = state.focus >= 0 && functions.file[state.focus] === file;
  const target = inFocus
    ? (engine.functionLines(s, state.focus)[0]?.line ?? functions.firstLine[state.focus])
    : (rows.reduce<LineRow | null>(
        (best, row) => (!best || row.self > best.self ? row : best),
        null,
      )?.line ?? 0);
  const sight = useWindow(lines.length, ROW_HEIGHT, Math.min(lines.length, target) - 1);
  const stray = rows.filter((row) => row.line > lines.length || row.line < 1);
  return (
    <div
      class="scroll source"
      ref={sight.box}
      onScroll={sight.look}
      tabIndex={0}
      aria-label="Source"
    >
      <table class="code" aria-rowcount={lines.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">Self</th>
            <th scope="col">Total</th>
            <th scope="col">Line</th>
            <th scope="col">Source</th>
          </tr>
        </thead>
        <tbody>
          <Spacer height={sight.above} columns={4} />
          {spans.slice(sight.first, sight.last).map((line, i) => {
            const number = sight.first + i + 1;
            const row = byLine.get(number);
            const heat = row && hottest > 0 ? row.self / hottest : 0;
            return (
              <tr
                key={number}
                aria-rowindex={number + 1}
                data-line={number}
                data-self={row?.self}
                data-total={row?.total}
                class={number === target ? 'target' : undefined}
                title={
                  row
                    ? `self ${value(state.metric, row.self)}, total ${value(state.metric, row.total)}`
                    : undefined
                }
              >
                <td class="heat" style={{ '--glow': heat.toFixed(3) }}>
                  {row && row.self > 0 ? percent(row.self / s.whole.sum) : ''}
                </td>
                <td class="heat total">{row ? percent(row.total / s.whole.sum) : ''}</td>
                <td class="line-number">{number}</td>
                <td class="text">
                  {line.map((span) =>
                    span.type ? (
                      <span class={`token ${span.type}`}>
                        {shown(span.text).replaceAll('\\t', '\t')}
                      </span>
                    ) : (
                      shown(span.text).replaceAll('\\t', '\t')
                    ),
                  )}
                </td>
              </tr>
            );
          })}
          <Spacer height={sight.below} columns={4} />
        </tbody>
      </table>
      {stray.length > 0 && (
        <Note>
          {stray.length} measured lines are not in this text: the file was changed since, or is
          another one.
        </Note>
      )}
    </div>
  );
}

function whyNot(app: App, file: number): string {
  const { meta, strings, files } = app.engine.profile;
  if (!meta.sources_asked) return 'this page was written without sources';
  const name = strings[files.name[file]];
  const left = meta.left_out.find((row) => row.file === name);
  return left ? left.why : 'it is not a file';
}

export function Source({ app }: { app: App }) {
  const { engine, selection: s } = app;
  const { profile } = engine;
  const files = heatOfFiles(app);
  const file = fileShown(app, files);
  if (file < 0) return <Note>Nothing was recorded in any file.</Note>;
  const rows = engine
    .lines(s)
    .filter((row) => row.file === file)
    .sort((a, b) => a.line - b.line);
  const left = profile.meta.left_out.length;
  const has = profile.sources.has(file);
  return (
    <div class="source-pane">
      <Picker app={app} files={files} file={file} />
      {has ? (
        <Text key={file} app={app} file={file} rows={rows} />
      ) : (
        <>
          <Note>
            <KindDot kind={profile.files.kind[file]} /> The text of this file is not in the page (
            {shown(whyNot(app, file))}). Its lines:
          </Note>
          <WithoutText app={app} rows={rows} />
        </>
      )}
      {left > 0 && (
        <details class="left-out">
          <summary>{left} sources are not in this page</summary>
          <ul>
            {profile.meta.left_out.slice(0, 200).map((row) => (
              <li key={row.file}>
                <bdi>{shown(row.file)}</bdi> <span class="dim">{shown(row.why)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
