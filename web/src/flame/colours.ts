// SPDX-License-Identifier: Apache-2.0
// Colour says whose code it is; its shade tells files apart.

const shades: string[][] = [
  ['#ffb454', '#ff9f45', '#fb8b4b', '#ffc46b', '#f7a35c', '#fd9a62'],
  ['#9fb8dc', '#8eaad3', '#aec4e3', '#94b3de', '#a3b4d4', '#b7c8e6'],
  ['#83c9b3', '#74bda5', '#97d3c0', '#8cc4a9', '#7cc4b8', '#a2d6c4'],
  ['#c3aed6', '#b79fcd', '#cfbedf', '#bba8d3', '#c9b3d1', '#ad98c8'],
  ['#e2a3a3', '#d99595', '#eab4b4', '#dd9c9f', '#e6aaa6', '#d48c8e'],
  ['#c8bfb2', '#bdb3a5', '#d1c9bd', '#c2bab0', '#cbc0ae', '#b9b0a4'],
];

export function colour(kind: number, file: number): string {
  const family = shades[kind] ?? shades[5];
  return family[(Math.imul(file, 0x9e3779b1) >>> 16) % family.length];
}

export const kindColour = (kind: number): string => shades[kind][0];
