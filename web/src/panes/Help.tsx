// SPDX-License-Identifier: Apache-2.0
const keys: [string, string][] = [
  ['1 2 3 4', 'flame graph, functions, source, tree'],
  ['/', 'search; Enter and Shift+Enter go through the matches'],
  ['n p', 'next and previous match'],
  ['click', 'restrict everything to this call; again: one step out'],
  ['w s + −', 'zoom in and out (also ↑ ↓, Ctrl+wheel)'],
  ['a d', 'pan (also ← →, Shift+wheel)'],
  ['u', 'one call up'],
  ['0', 'show all'],
  ['r', 'reset everything'],
  ['l', 'library code counted in the code of yours that called it'],
  ['i', 'icicles or flames'],
  ['t', 'light or dark'],
  ['Esc', 'close, clear the search, the focus, the zoom'],
];

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <div class="help" role="dialog" aria-label="Keys" onClick={onClose}>
      <div>
        <h2>Keys</h2>
        <dl>
          {keys.map(([key, words]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{words}</dd>
            </div>
          ))}
        </dl>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </div>
  );
}
