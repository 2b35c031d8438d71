// SPDX-License-Identifier: Apache-2.0
// Quantities as people read them; the same rules as the report in the terminal.

import type { MetricName } from './model/values';

/** Whose code a file holds, by its kind (enum pyro_place_kind). */
export const kindWords = [
  'own code',
  'standard library',
  'packages',
  'native code',
  'kernel',
  'no file',
];

const grouped = new Intl.NumberFormat('en-US');

export const count = (n: number): string => grouped.format(n);

export const plural = (n: number, noun: string): string =>
  `${count(n)} ${noun}${n === 1 ? '' : noun.endsWith('s') ? 'es' : 's'}`;

/** Three digits: 840 ns, 12.3 µs, 184 ms, 4.21 s, 3 min 12 s, 3 h 12 min. */
export function duration(ns: number): string {
  const digits = (value: number) => {
    const places = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return value.toFixed(places);
  };
  if (ns === 0) return '0 s';
  if (ns < 999.5) return `${Math.round(ns)} ns`;
  if (ns < 999_500) return `${digits(ns / 1e3)} µs`;
  if (ns < 999_500_000) return `${digits(ns / 1e6)} ms`;
  if (ns < 99.95e9) return `${digits(ns / 1e9)} s`;
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const value = (metric: MetricName, n: number): string =>
  metric === 'samples' ? plural(n, 'sample') : duration(n);

/** 38 %, 3.2 %, <0.1 %, 0 %. */
export function percent(share: number): string {
  const points = share * 100;
  if (points <= 0) return '0 %';
  if (points < 0.1) return '<0.1 %';
  return points < 9.95 ? `${points.toFixed(1)} %` : `${Math.round(points)} %`;
}

export function plusMinus(share: number): string {
  const points = share * 100;
  return points < 0.95 ? `±${Math.max(0.1, Math.ceil(points * 10) / 10)}` : `±${Math.ceil(points)}`;
}

/** Control, bidirectional and invisible characters do not act: they are shown as escapes. */
export function shown(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (c) => {
      const code = c.charCodeAt(0);
      if (c === '\n') return '\\n';
      if (c === '\t') return '\\t';
      return code < 0x100
        ? `\\x${code.toString(16).padStart(2, '0')}`
        : `\\u{${code.toString(16).padStart(4, '0')}}`;
    },
  );
}

/** What tells a function from its neighbours: its name without its class and module, in Python, C++
 *  and Rust; of code that has no name its place in the file. */
export function shortName(name: string): string {
  const place = name.lastIndexOf('+0x');
  if (place >= 0) return name.slice(place);
  const last = /(?:\.|::)([^.:<>]+(?:<.*>)?)$/.exec(name);
  return last?.[1] ?? (name.slice(name.lastIndexOf('.') + 1) || name);
}
