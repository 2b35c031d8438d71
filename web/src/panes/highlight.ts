// SPDX-License-Identifier: Apache-2.0
// Python's tokens by Prism, as data: no markup is ever made from a source.

import Prism from 'prismjs/components/prism-core';
import 'prismjs/components/prism-python';

export interface Span {
  text: string;
  type: string;
}

/** Patterns may be slow on odd input; what is larger than this is shown plain. */
const MOST = 400_000;

export function highlight(text: string, lines: string[]): Span[][] {
  if (text.length > MOST || lines.some((line) => line.length > 2000))
    return lines.map((line) => [{ text: line, type: '' }]);
  const result: Span[][] = [[]];
  const add = (piece: string, type: string) => {
    piece.split('\n').forEach((part, i) => {
      if (i > 0) result.push([]);
      if (part) result[result.length - 1].push({ text: part, type });
    });
  };
  const walk = (tokens: Prism.TokenStream, type: string) => {
    if (typeof tokens === 'string') add(tokens, type);
    else if (Array.isArray(tokens)) tokens.forEach((token) => walk(token, type));
    else walk(tokens.content, tokens.type);
  };
  walk(Prism.tokenize(lines.join('\n'), Prism.languages.python), '');
  return result;
}
