// SPDX-License-Identifier: Apache-2.0
// What was recorded, how it divides, and how far it can be believed.

import type { Meta, Profile } from '../data/profile';
import { count, duration, percent, plural, shown } from '../format';
import { metricColumn, reasons, reasonWords } from '../model/values';

const sum = (column: Float64Array): number => column.reduce((a, b) => a + b, 0);

/** A part that is not all of it is never shown as 100 %. */
function nearly(part: number, whole: number): string {
  const points = (part / whole) * 100;
  if (part < whole && points > 99.9) return '>99.9 %';
  return part < whole && points > 90 ? `${points.toFixed(1)} %` : percent(part / whole);
}

function nativeWords(q: (name: string) => number): string[] {
  const words = [];
  if (q('native_merged') > 0)
    words.push(`${plural(q('native_merged'), 'stack')} with machine code`);
  if (q('native_cut') > 0) words.push(`${count(q('native_cut'))} of them cut at the root`);
  if (q('native_unmerged') > 0)
    words.push(`${plural(q('native_unmerged'), 'stack')} without machine code`);
  return words;
}

/** Where it was told from how running divides: what, and the counter of samples. */
const evidence: [string, string][] = [
  ['from the machine code', 'parts_stack'],
  ['from the instruction pointer', 'parts_pointer'],
  ['from /proc', 'parts_proc'],
];

/** Whether by anything less than whole stacks, but for a sample here and there. */
function partsEstimated(meta: Meta): boolean {
  const q = (name: string) => meta.quality[name] ?? 0;
  const estimated = q('parts_pointer') + q('parts_proc');
  return estimated > (q('parts_stack') + estimated) / 100;
}

function estimateWords(meta: Meta): string[] {
  if (!partsEstimated(meta)) return [];
  const ways = evidence
    .map(([how, name]) => ({ how, samples: meta.quality[name] ?? 0 }))
    .filter(({ samples }) => samples > 0);
  const all = ways.reduce((sum, way) => sum + way.samples, 0);
  const how =
    ways.length === 1
      ? ` ${ways[0].how}`
      : `: ${ways.map((way) => `${nearly(way.samples, all)} ${way.how}`).join(', ')}`;
  return [`python/native/system estimated${how}`];
}

/** "about python 44, native 22, system 5": percent of @wall, where it is known what ran. */
function partsWords(profile: Profile, wall: number): string {
  const cpu = sum(metricColumn(profile, 'cpu'));
  const parts = ['python', 'native', 'system'].map((name) => {
    const column = profile.totals.values[`cpu_${name}`];
    return { name, ns: column ? sum(column) : 0 };
  });
  const known = parts.reduce((all, part) => all + part.ns, 0);
  /* Of a small part of it nothing follows for the rest. */
  if (known === 0 || known < cpu / 2) return '';
  const words = parts
    .map(({ name, ns }) => ({ name, share: ((ns / known) * cpu) / wall }))
    .filter(({ share }) => share >= 0.005)
    .map(({ name, share }) => `${name} ${Math.round(share * 100)}`);
  if (words.length === 0) return '';
  return (partsEstimated(profile.meta) ? 'about ' : '') + words.join(', ');
}

/** The quality line, in the words of the report: what was taken, how much of it is proved, what
 *  was lost, what it cost. */
export function qualityWords(profile: Profile): string[] {
  const { meta } = profile;
  const q = (name: string) => meta.quality[name] ?? 0;
  const samples = q('samples');
  const words = [];
  if (meta.incomplete) words.push('cut off: up to a second is missing at the end');
  if (samples > 0) {
    const proved = q('proved');
    const how =
      proved === samples
        ? 'all proved'
        : proved === 0
          ? 'not proved'
          : `${nearly(proved, samples)} proved`;
    words.push(`${plural(samples, 'sample')}, ${how}`);
  }
  if (q('missed') > 0) words.push(`${count(q('missed'))} missed`);
  const counted: [string, string, string][] = [
    ['ticks_late', 'late moment', 'skipped'],
    ['truncated', 'stack', 'cut at the depth limit'],
    ['partial', 'stack', 'with an unreadable frame'],
    ['lost_records', 'kernel record', 'lost'],
  ];
  for (const [name, noun, meaning] of counted)
    if (q(name) > 0) words.push(`${plural(q(name), noun)} ${meaning}`);
  words.push(...nativeWords(q), ...estimateWords(meta));
  const ran = sum(metricColumn(profile, 'cpu'));
  if (ran > 0 && q('held_ns') + q('recorder_cpu_ns') > 0)
    words.push(`overhead ${percent(q('held_ns') / ran)}`);
  return words;
}

/** "14 tasks, 3 threads" */
function trackWords(meta: Meta): string {
  const tasks = meta.tracks.filter((track) => track.task).length;
  const threads = meta.tracks.length - tasks;
  const words = [];
  if (tasks > 0) words.push(plural(tasks, 'task'));
  if (threads > 0 || tasks === 0) words.push(plural(threads, 'thread'));
  return words.join(', ');
}

function factWords(meta: Meta): string[] {
  const pythons = [...new Set(meta.processes.map((process) => process.python))].filter(Boolean);
  return [
    duration(meta.duration),
    ...pythons.slice(0, 2).map(shown),
    `${plural(meta.processes.length, 'process')}, ${trackWords(meta)}`,
  ];
}

function Division({ profile }: { profile: Profile }) {
  const wall = sum(metricColumn(profile, 'wall'));
  if (wall === 0) return null;
  const waiting = sum(metricColumn(profile, 'wait'));
  const waits = reasons
    .map((reason) => ({
      tone: reason === 'gil_wait' ? 'gil' : 'waiting',
      words: `waiting ${reasonWords[reason]}`,
      share: sum(metricColumn(profile, reason)) / wall,
    }))
    .sort((a, b) => b.share - a.share);
  const rest = waits.reduce((left, part) => left - part.share, waiting / wall);
  const known = waits.some((part) => part.share > 0);
  const inside = partsWords(profile, wall);
  const parts = [
    { tone: 'running', words: 'running', share: (wall - waiting) / wall },
    ...waits,
    { tone: 'waiting', words: known ? 'waiting otherwise' : 'waiting', share: rest },
  ].filter((part) => part.share > 0.0005);
  return (
    <div class="division">
      <div
        class="division-bar"
        role="img"
        aria-label={`How the time of all ${profile.meta.noun}s divides`}
      >
        {parts.map((part) => (
          <span key={part.words} class={part.tone} style={{ flexGrow: part.share }} />
        ))}
      </div>
      <ul>
        {parts.map((part) => (
          <li key={part.words}>
            <span class={`dot ${part.tone}`} />
            {part.words} <b>{percent(part.share)}</b>
            {part.tone === 'running' && inside && ` (${inside})`}
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Header({ profile }: { profile: Profile }) {
  const { meta } = profile;
  const details = Object.entries(meta.facts);
  return (
    <header class="header">
      <div class="title">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect x="3" y="5" width="26" height="6" rx="1.5" fill="#ffc04d" />
          <rect x="3" y="13" width="18" height="6" rx="1.5" fill="#f98e2b" />
          <rect x="3" y="21" width="9" height="6" rx="1.5" fill="#e4572e" />
        </svg>
        <h1>
          <bdi>{shown(meta.title)}</bdi>
        </h1>
        <p class="facts">{factWords(meta).join(' · ')}</p>
      </div>
      <Division profile={profile} />
      <details class="quality">
        <summary>{qualityWords(profile).join(' · ') || 'about this recording'}</summary>
        <dl>
          {details.map(([key, text]) => (
            <div key={key}>
              <dt>{shown(key)}</dt>
              <dd>
                <bdi>{shown(text)}</bdi>
              </dd>
            </div>
          ))}
          {Object.entries(meta.quality)
            .filter(([, n]) => n > 0)
            .map(([key, n]) => (
              <div key={key}>
                <dt>{shown(key.replace(/_ns$/, '').replaceAll('_', ' '))}</dt>
                <dd>{key.endsWith('_ns') ? duration(n) : count(n)}</dd>
              </div>
            ))}
          <div>
            <dt>page by</dt>
            <dd>Pyrometer {shown(meta.version)}</dd>
          </div>
        </dl>
      </details>
    </header>
  );
}
