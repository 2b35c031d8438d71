// SPDX-License-Identifier: Apache-2.0
// Paints the rows in sight onto the canvas.

import type { Engine } from '../engine';
import { shortName } from '../format';
import type { Tree } from '../model/tree';
import { colour } from './colours';
import { ROW, type Row } from './layout';

export interface Picture {
  engine: Engine;
  tree: Tree;
  rows: Row[];
  width: number;
  height: number;
  /** Rows grow upwards from the bottom. */
  up: boolean;
  /** Height of all rows, and how much of it is scrolled away. */
  full: number;
  scrolled: number;
  /** Functions that a search matches; null: no search. */
  matches: Uint8Array | null;
  focus: number;
  hover: number;
  /** Node that the panes are restricted to, and how deep it is: what is above is dimmed. */
  rootDepth: number;
  whole: string;
  ink: string;
  ground: string;
  faint: string;
}

export const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const INK = '#231a10';
const PAD = 5;

const widths = new Map<string, number>();

function widthOf(context: CanvasRenderingContext2D, text: string): number {
  let width = widths.get(text);
  if (width === undefined) {
    if (widths.size > 20000) widths.clear();
    width = context.measureText(text).width;
    widths.set(text, width);
  }
  return width;
}

/** The text as far as it fits, with an ellipsis; "" if fewer than two characters would. */
function fit(context: CanvasRenderingContext2D, text: string, room: number): string {
  const whole = widthOf(context, text);
  if (whole <= room) return text;
  const letters = [...text.slice(0, 400)];
  let low = 0;
  let high = Math.min(letters.length, Math.ceil(room / 3));
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (widthOf(context, letters.slice(0, middle).join('') + '…') <= room) low = middle;
    else high = middle - 1;
  }
  return low >= 2 ? letters.slice(0, low).join('') + '…' : '';
}

/** The whole name, else its short form, else as much of that as fits. */
function fitName(context: CanvasRenderingContext2D, name: string, room: number): string {
  if (widthOf(context, name) <= room) return name;
  return fit(context, shortName(name), room);
}

export function rowTop(picture: Picture, row: number): number {
  const top = picture.up ? picture.full - (row + 1) * ROW : row * ROW;
  return top - picture.scrolled;
}

export function rowAt(picture: Picture, y: number): number {
  const at = y + picture.scrolled;
  return Math.floor((picture.up ? picture.full - at : at) / ROW);
}

function drawLabel(
  context: CanvasRenderingContext2D,
  picture: Picture,
  fn: number,
  left: number,
  right: number,
  top: number,
): void {
  const room = right - left - 2 * PAD;
  if (room < 14) return;
  const middle = top + ROW / 2;
  if (fn < 0) {
    context.fillText(fit(context, picture.whole, room), left + PAD, middle);
    return;
  }
  const { name, place } = picture.engine.label(fn);
  const text = fitName(context, name, room);
  if (!text) return;
  context.fillText(text, left + PAD, middle);
  const left2 = left + PAD + widthOf(context, text) + 10;
  if (text === name && place && left2 + widthOf(context, place) <= right - PAD) {
    const alpha = context.globalAlpha;
    context.globalAlpha = alpha * 0.6;
    context.fillText(place, left2, middle);
    context.globalAlpha = alpha;
  }
}

function drawRow(context: CanvasRenderingContext2D, picture: Picture, index: number): void {
  const { rows, tree, engine, matches } = picture;
  const row = rows[index];
  const top = rowTop(picture, index);
  for (let i = 0; i < row.nodes.length; i++) {
    const node = row.nodes[i];
    const left = row.left[i];
    const width = Math.max(0.5, row.right[i] - left);
    /* A hair of ground between neighbours, unless they are too narrow to spare it. */
    const inner = width > 3 ? width - 1 : width;
    if (node < 0) {
      context.globalAlpha = 1;
      context.fillStyle = picture.faint;
      context.fillRect(left, top, inner, ROW - 1);
      continue;
    }
    const fn = tree.fn[node];
    const dim = matches !== null && fn >= 0 && matches[fn] === 0;
    context.globalAlpha = dim ? 0.22 : index < picture.rootDepth ? 0.55 : 1;
    context.fillStyle =
      fn < 0 ? picture.faint : colour(engine.kind(fn), engine.profile.functions.file[fn]);
    context.fillRect(left, top, inner, ROW - 1);
    if (fn >= 0 && (fn === picture.focus || node === picture.hover) && width > 2) {
      context.globalAlpha = 1;
      context.strokeStyle = picture.ink;
      context.lineWidth = node === picture.hover ? 2 : 1.5;
      context.strokeRect(left + 1, top + 1, Math.max(0.5, inner - 2), ROW - 3);
    }
    context.fillStyle = fn < 0 || dim ? picture.ink : INK;
    context.globalAlpha = dim ? 0.5 : 1;
    drawLabel(context, picture, fn, left, row.right[i], top);
  }
  context.globalAlpha = 1;
}

export function draw(context: CanvasRenderingContext2D, picture: Picture, ratio: number): void {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = picture.ground;
  context.fillRect(0, 0, picture.width, picture.height);
  context.font = FONT;
  context.textBaseline = 'middle';
  const a = rowAt(picture, 0);
  const b = rowAt(picture, picture.height);
  const first = Math.max(0, Math.min(a, b));
  const last = Math.min(picture.rows.length - 1, Math.max(a, b));
  for (let row = first; row <= last; row++) drawRow(context, picture, row);
}
