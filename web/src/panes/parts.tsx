// SPDX-License-Identifier: Apache-2.0
// Small pieces that several panes use.

import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { App } from '../app';
import { kindColour } from '../flame/colours';
import { duration, kindWords, percent } from '../format';
import { reasonWords, type Wait } from '../model/values';

/** A share as a number with a bar behind it. */
export function Share({ of, whole, tone }: { of: number; whole: number; tone?: string }) {
  const share = whole > 0 ? of / whole : 0;
  return (
    <span class={`share ${tone ?? ''}`}>
      {of > 0 && <span class="share-bar" style={{ width: `${Math.min(100, share * 100)}%` }} />}
      <span class="share-text">{of > 0 ? percent(share) : ''}</span>
    </span>
  );
}

export function KindDot({ kind }: { kind: number }) {
  return <span class="dot" style={{ background: kindColour(kind) }} title={kindWords[kind]} />;
}

/** "waiting for locks 1.2 s, asleep 300 ms" */
export function Waits({ waits }: { waits: Wait[] }) {
  if (waits.length === 0) return null;
  const words = waits.map(({ reason, sum }) => `${reasonWords[reason]} ${duration(sum)}`);
  return <p class="waits dim">waiting {words.join(', ')}</p>;
}

/** A function with where it is; the name keeps its end when there is little room. */
export function FunctionName({ app, fn }: { app: App; fn: number }) {
  const { name, place } = app.engine.label(fn);
  return (
    <>
      <KindDot kind={app.engine.kind(fn)} />
      <bdi class="name">{name}</bdi>
      <span class="place">
        <bdi>{place}</bdi>
      </span>
    </>
  );
}

/** Renders only the rows in sight of a list that may have a hundred thousand. */
export function useWindow(count: number, rowHeight: number, keepAt: number) {
  const box = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState({ top: 0, height: 800 });
  const look = () => {
    const element = box.current;
    if (element) setSight({ top: element.scrollTop, height: element.clientHeight });
  };
  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || keepAt < 0) return;
    const top = keepAt * rowHeight;
    const height = element.clientHeight - 2 * rowHeight;
    if (top < element.scrollTop || top > element.scrollTop + height)
      element.scrollTop = Math.max(0, top - height / 2);
  }, [keepAt]);
  const first = Math.max(0, Math.min(count, Math.floor(sight.top / rowHeight) - 8));
  const last = Math.min(count, Math.ceil((sight.top + sight.height) / rowHeight) + 8);
  return {
    box,
    look,
    first,
    last,
    above: first * rowHeight,
    below: (count - last) * rowHeight,
  };
}

export function Spacer({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden="true" class="spacer">
      <td colSpan={columns} style={{ height: `${height}px` }} />
    </tr>
  );
}

export function Note({ children }: { children: ComponentChildren }) {
  return <p class="note">{children}</p>;
}
