// SPDX-License-Identifier: Apache-2.0
// The flame graph: canvas, pointer, keys and tooltip. Zoom by wheel or keys moves the range in
// sight; a click makes the node the root of every pane.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { App } from '../app';
import { duration, shown, value } from '../format';
import { Tooltip } from '../panes/Tooltip';
import { draw, rowAt, type Picture } from './draw';
import { hit, layout, ROW, type Range, type Row } from './layout';

const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Keeps a range within the whole, and wide enough to compute with. */
function clamp(range: Range, whole: number): Range {
  const width = Math.min(whole, Math.max(range.to - range.from, whole * 1e-9));
  const from = Math.min(Math.max(0, range.from), whole - width);
  return { from, to: from + width };
}

export function FlameGraph({ app }: { app: App }) {
  const { engine, state, selection: s, matches } = app;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [scrolled, setScrolled] = useState(0);
  const [hover, setHover] = useState<{ node: number; x: number; y: number } | null>(null);
  const wholeSum = s.values.total[0];
  const nodeRange = (node: number): Range => {
    const from = s.children.start(node);
    return { from, to: from + s.values.total[node] };
  };
  const [range, setRange] = useState<Range>(() => nodeRange(s.root));
  const frame = useRef(0);
  const rangeNow = useRef(range);
  rangeNow.current = range;

  const glide = (to: Range) => {
    cancelAnimationFrame(frame.current);
    const from = rangeNow.current;
    const start = performance.now();
    const step = (now: number) => {
      const t = calm() ? 1 : Math.min(1, (now - start) / 160);
      const ease = 1 - (1 - t) ** 3;
      setRange({
        from: from.from + (to.from - from.from) * ease,
        to: from.to + (to.to - from.to) * ease,
      });
      if (t < 1) frame.current = requestAnimationFrame(step);
    };
    step(start);
    if (!calm()) frame.current = requestAnimationFrame(step);
  };

  /* A new root or other values: show all of the root. */
  const known = useRef(s.key);
  useEffect(() => {
    if (known.current === s.key) return;
    const sameValues = known.current.slice(0, known.current.lastIndexOf(' '));
    const here = s.key.slice(0, s.key.lastIndexOf(' '));
    known.current = s.key;
    setHover(null);
    if (sameValues === here) glide(nodeRange(s.root));
    else setRange(nodeRange(s.root));
  }, [s.key]);

  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const rows: Row[] = size.width > 0 ? layout(s.children, s.values, range, size.width) : [];
  const full = Math.max(rows.length * ROW + 1, size.height);
  const style = getComputedStyle(document.documentElement);
  const picture: Picture = {
    engine,
    tree: s.tree,
    rows,
    ...size,
    up: state.up,
    full,
    scrolled,
    matches: state.query.trim() ? matches.functions : null,
    focus: state.focus,
    hover: hover?.node ?? -1,
    rootDepth: s.tree.depth[s.root],
    whole: `${shown(app.engine.profile.meta.title)}  ${value(state.metric, wholeSum)}`,
    ink: style.getPropertyValue('--ink'),
    ground: style.getPropertyValue('--ground'),
    faint: style.getPropertyValue('--bar'),
  };

  useLayoutEffect(() => {
    const element = canvas.current as HTMLCanvasElement;
    const ratio = devicePixelRatio || 1;
    const width = Math.round(size.width * ratio);
    const height = Math.round(size.height * ratio);
    if (element.width !== width) element.width = width;
    if (element.height !== height) element.height = height;
    const context = element.getContext('2d', { alpha: false });
    if (context && width > 0) draw(context, picture, ratio);
  });

  /* Flames start at the bottom. */
  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    element.scrollTop = state.up ? element.scrollHeight : 0;
    setScrolled(element.scrollTop);
  }, [state.up, size.height > 0]);

  const nodeAt = (event: MouseEvent): number => {
    const { left, top } = (canvas.current as HTMLCanvasElement).getBoundingClientRect();
    const row = rows[rowAt(picture, event.clientY - top)];
    const at = hit(row, event.clientX - left);
    return at < 0 ? -1 : row.nodes[at];
  };

  const zoom = (factor: number, at = 0.5) => {
    const now = rangeNow.current;
    const fixed = now.from + (now.to - now.from) * at;
    const width = (now.to - now.from) * factor;
    return clamp({ from: fixed - width * at, to: fixed + width * (1 - at) }, wholeSum);
  };
  const pan = (share: number) => {
    const now = rangeNow.current;
    const step = (now.to - now.from) * share;
    return clamp({ from: now.from + step, to: now.to + step }, wholeSum);
  };

  const onWheel = (event: WheelEvent) => {
    const { left } = (canvas.current as HTMLCanvasElement).getBoundingClientRect();
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      setRange(zoom(1.0018 ** event.deltaY, (event.clientX - left) / size.width));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      setRange(pan((event.deltaX || event.deltaY) / size.width));
    }
  };
  /* preact's own wheel listeners may be passive; this one has to hold the page still. */
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  });

  useEffect(() => {
    app.keys.current = (key: string) => {
      const moves: Record<string, () => void> = {
        w: () => glide(zoom(0.6)),
        s: () => glide(zoom(1 / 0.6)),
        a: () => glide(pan(-0.25)),
        d: () => glide(pan(0.25)),
        ArrowUp: () => glide(zoom(0.6)),
        ArrowDown: () => glide(zoom(1 / 0.6)),
        ArrowLeft: () => glide(pan(-0.25)),
        ArrowRight: () => glide(pan(0.25)),
        '+': () => glide(zoom(0.6)),
        '-': () => glide(zoom(1 / 0.6)),
        reset: () => glide(nodeRange(s.root)),
      };
      moves[key]?.();
      return key in moves;
    };
    return () => {
      app.keys.current = null;
    };
  });

  const click = (event: MouseEvent) => {
    const node = nodeAt(event);
    if (node < 0) return;
    /* A click on the root itself steps back out to where it was called from. */
    if (node === s.root && node > 0) app.zoomTo(s.tree.parent[node]);
    else app.zoomTo(node);
  };

  const focusName = state.focus >= 0 ? engine.label(state.focus).name : 'nothing';
  return (
    <div class="flame" style={{ height: `${(engine.depth(s) + 1) * ROW + 16}px` }}>
      <div
        class="flame-box"
        ref={box}
        tabIndex={0}
        role="application"
        aria-label={
          `Flame graph of ${duration(engine.profile.meta.duration)}; ${focusName} is chosen. ` +
          'W and S zoom, A and D pan. View 4 has the same as a tree for screen readers.'
        }
        onScroll={(event) => setScrolled(event.currentTarget.scrollTop)}
        onMouseLeave={() => setHover(null)}
        onMouseMove={(event) => {
          const node = nodeAt(event);
          setHover(node > 0 ? { node, x: event.clientX, y: event.clientY } : null);
        }}
        onClick={click}
      >
        <div style={{ height: `${full}px` }}>
          <canvas
            ref={canvas}
            style={{ width: `${size.width}px`, height: `${size.height}px` }}
            data-rows={rows.length}
            data-from={wholeSum > 0 ? (range.from / wholeSum).toFixed(6) : 0}
            data-to={wholeSum > 0 ? (range.to / wholeSum).toFixed(6) : 0}
          />
        </div>
      </div>
      {hover && <Tooltip app={app} node={hover.node} x={hover.x} y={hover.y} />}
      {wholeSum === 0 && <p class="empty">Nothing was recorded of this.</p>}
    </div>
  );
}
