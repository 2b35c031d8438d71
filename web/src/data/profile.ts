// SPDX-License-Identifier: Apache-2.0
// The profile of a page, column by column, checked so that everything behind this file may index
// without looking. The layout is described in src/view/columns.h.

import { kindWords } from '../format';
import { Reader } from './reader';

export interface Process {
  pid: number;
  parent: number | null;
  command: string;
  python: string;
  start: number;
  end: number;
}

export interface Track {
  process: number;
  tid: number;
  name: string;
  main: boolean;
  /** Of asyncio that it stands for, which count as one; 0: it is a thread. */
  tasks: number;
  start: number;
  end: number;
  wall: number;
  cpu: number;
  exact_cpu: boolean;
}

export interface Meta {
  version: string;
  title: string;
  duration: number;
  /** The recorder did not finish it. */
  incomplete: boolean;
  facts: Record<string, string>;
  /** What tracks are, most of them: "thread" or "task". */
  noun: string;
  processes: Process[];
  tracks: Track[];
  metrics: string[];
  quality: Record<string, number>;
  sources_asked: boolean;
  left_out: { file: string; why: string }[];
}

/** Whose code a file holds, in the order of enum pyro_place_kind. */
export const enum Kind {
  Own,
  Standard,
  Package,
  Native,
  Kernel,
  Nowhere,
}

export interface Profile {
  meta: Meta;
  strings: string[];
  files: { count: number; name: Uint32Array; kind: Uint8Array; display: string[] };
  functions: { count: number; name: Uint32Array; file: Uint32Array; firstLine: Int32Array };
  frames: { count: number; fn: Uint32Array; line: Int32Array };
  /** A parent's index is lower than its children's; -1 at a root. */
  stacks: { count: number; parent: Int32Array; frame: Uint32Array };
  totals: {
    count: number;
    track: Uint32Array;
    /** -1: outside of Python code. */
    stack: Int32Array;
    values: Record<string, Float64Array>;
    wallSquared: Float32Array;
    cpuSquared: Float32Array;
  };
  /** By file. */
  sources: Map<number, string>;
}

type Sections = Map<string, Reader>;

function split(bytes: Uint8Array): Sections {
  const reader = new Reader(bytes, 'the whole');
  if (bytes.length < 9 || reader.text(8) !== 'PYROVIEW') reader.fail('it is no profile');
  const version = reader.varint();
  if (version !== 1) reader.fail(`version ${version} is not known`);
  const sections: Sections = new Map();
  for (;;) {
    const name = reader.text(4);
    const body = reader.take(reader.varint());
    if (name === 'done') return sections;
    sections.set(name, new Reader(body, `section ${name}`));
  }
}

function section(sections: Sections, name: string): Reader {
  const reader = sections.get(name);
  if (!reader) throw new Error(`the data of this page is damaged: it has no section ${name}`);
  return reader;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readMeta(reader: Reader): Meta {
  const meta: unknown = JSON.parse(reader.text(reader.bytes.length));
  if (!isObject(meta)) return reader.fail('the facts are not an object');
  const text = (of: Record<string, unknown>, key: string) =>
    typeof of[key] === 'string' ? (of[key] as string) : reader.fail(`${key} is not text`);
  const number = (of: Record<string, unknown>, key: string) =>
    typeof of[key] === 'number' ? (of[key] as number) : reader.fail(`${key} is not a number`);
  const list = (key: string) =>
    Array.isArray(meta[key]) ? (meta[key] as unknown[]) : reader.fail(`${key} is not a list`);
  const objects = (key: string) =>
    list(key).map((row) => (isObject(row) ? row : reader.fail(`a row of ${key} is not an object`)));
  const processes = objects('processes').map((row) => ({
    pid: number(row, 'pid'),
    parent: row.parent === null ? null : number(row, 'parent'),
    command: text(row, 'command'),
    python: text(row, 'python'),
    start: number(row, 'start'),
    end: number(row, 'end'),
  }));
  const tracks = objects('tracks').map((row) => ({
    process: number(row, 'process'),
    tid: number(row, 'tid'),
    name: text(row, 'name'),
    main: row.main === true,
    tasks: number(row, 'tasks'),
    start: number(row, 'start'),
    end: number(row, 'end'),
    wall: number(row, 'wall'),
    cpu: number(row, 'cpu'),
    exact_cpu: row.exact_cpu === true,
  }));
  if (tracks.some((track) => !processes[track.process])) reader.fail('a process does not exist');
  const metrics = list('metrics').map(String);
  for (const needed of ['wall', 'cpu'])
    if (!metrics.includes(needed)) reader.fail(`the metric ${needed} is missing`);
  const facts = isObject(meta.facts) ? meta.facts : {};
  const quality = isObject(meta.quality) ? meta.quality : {};
  return {
    version: text(meta, 'version'),
    title: text(meta, 'title'),
    duration: number(meta, 'duration'),
    incomplete: meta.incomplete === true,
    facts: Object.fromEntries(Object.keys(facts).map((key) => [key, text(facts, key)])),
    noun: text(meta, 'noun'),
    processes,
    tracks,
    metrics,
    quality: Object.fromEntries(Object.keys(quality).map((key) => [key, number(quality, key)])),
    sources_asked: meta.sources_asked === true,
    left_out: objects('left_out').map((row) => ({
      file: text(row, 'file'),
      why: text(row, 'why'),
    })),
  };
}

function readStrings(reader: Reader): string[] {
  const sizes = reader.numbers(reader.count(1));
  return Array.from(sizes, (size) => reader.text(size));
}

function readFiles(reader: Reader, strings: number): Profile['files'] {
  const count = reader.count(3);
  const name = reader.indices(count, strings, 'string');
  const kind = Uint8Array.from(reader.indices(count, kindWords.length, 'kind of file'));
  const display = Array.from({ length: count }, () => reader.text(reader.varint()));
  return { count, name, kind, display };
}

function readFunctions(reader: Reader, strings: number, files: number): Profile['functions'] {
  const count = reader.count(3);
  return {
    count,
    name: reader.indices(count, strings, 'string'),
    file: reader.indices(count, files, 'file'),
    firstLine: reader.lines(count),
  };
}

function readFrames(reader: Reader, functions: number): Profile['frames'] {
  const count = reader.count(2);
  return { count, fn: reader.indices(count, functions, 'function'), line: reader.lines(count) };
}

function readStacks(reader: Reader, frames: number): Profile['stacks'] {
  const count = reader.count(2);
  const parent = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const back = reader.varint();
    if (back > i) reader.fail('a stack has no parent');
    parent[i] = back === 0 ? -1 : i - back;
  }
  return { count, parent, frame: reader.indices(count, frames, 'frame') };
}

function readTotals(reader: Reader, meta: Meta, stacks: number): Profile['totals'] {
  const count = reader.count(2 + meta.metrics.length + 8);
  const track = reader.steps(count, meta.tracks.length, 'thread');
  const stack = Int32Array.from(reader.steps(count, stacks + 1, 'stack'), (number) => number - 1);
  const values: Record<string, Float64Array> = {};
  for (const metric of meta.metrics) values[metric] = reader.numbers(count);
  return {
    count,
    track,
    stack,
    values,
    wallSquared: reader.floats(count),
    cpuSquared: reader.floats(count),
  };
}

function readSources(reader: Reader, files: number): Profile['sources'] {
  const sources = new Map<number, string>();
  for (let left = reader.count(2); left > 0; left--) {
    const file = reader.varint();
    if (file >= files) reader.fail('a file does not exist');
    sources.set(file, reader.text(reader.varint()));
  }
  return sources;
}

/** Throws an error with a message for people if anything is not as it must be. */
export function readProfile(bytes: Uint8Array): Profile {
  const sections = split(bytes);
  const meta = readMeta(section(sections, 'meta'));
  const strings = readStrings(section(sections, 'strs'));
  const files = readFiles(section(sections, 'file'), strings.length);
  const functions = readFunctions(section(sections, 'func'), strings.length, files.count);
  const frames = readFrames(section(sections, 'fram'), functions.count);
  const stacks = readStacks(section(sections, 'stak'), frames.count);
  const totals = readTotals(section(sections, 'totl'), meta, stacks.count);
  const sources = readSources(section(sections, 'srcs'), files.count);
  return { meta, strings, files, functions, frames, stacks, totals, sources };
}
