// SPDX-License-Identifier: Apache-2.0
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { App } from '../app';
import { kindWords, percent, plusMinus, value } from '../format';
import { margin } from '../model/values';
import { KindDot, Waits } from './parts';

interface Props {
  app: App;
  node: number;
  x: number;
  y: number;
}

/** What a rectangle is: who, how much of the whole with its 95 % interval, how much by itself. */
export function Tooltip({ app, node, x, y }: Props) {
  const { engine, selection: s, state } = app;
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const { width, height } = element.getBoundingClientRect();
    const left = x + 14 + width > innerWidth ? Math.max(4, x - width - 10) : x + 14;
    const top = y + 18 + height > innerHeight ? Math.max(4, y - height - 10) : y + 18;
    element.style.left = `${left}px`;
    element.style.top = `${top}px`;
  });
  const fn = s.tree.fn[node];
  if (fn === undefined || fn < 0) return null;
  const { name, place } = engine.label(fn);
  const total = s.values.total[node];
  const self = s.values.self[node];
  return (
    <div class="tooltip" ref={box} role="tooltip">
      <strong>
        <bdi>{name}</bdi>
      </strong>
      <div class="dim">
        <KindDot kind={engine.kind(fn)} />
        <bdi>{place || kindWords[engine.kind(fn)]}</bdi>
      </div>
      <table>
        <tbody>
          <tr>
            <th>total</th>
            <td>{value(state.metric, total)}</td>
            <td>
              {percent(total / s.whole.sum)}{' '}
              <span class="dim">
                {plusMinus(margin({ sum: total, squared: s.values.totalSquared[node] }, s.whole))}
              </span>
            </td>
          </tr>
          <tr>
            <th>self</th>
            <td>{value(state.metric, self)}</td>
            <td>
              {percent(self / s.whole.sum)}{' '}
              <span class="dim">
                {plusMinus(margin({ sum: self, squared: s.values.selfSquared[node] }, s.whole))}
              </span>
            </td>
          </tr>
        </tbody>
      </table>
      <Waits waits={engine.nodeWaits(s, state.scope, node)} />
    </div>
  );
}
