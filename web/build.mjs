// SPDX-License-Identifier: Apache-2.0
// Builds the viewer into bundle/, which is kept in the tree so that nobody needs Node to build
// Pyrometer. With --check: fails if bundle/ is not what the sources give.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const check = process.argv.includes('--check');

const common = {
  bundle: true,
  minify: true,
  write: false,
  legalComments: 'none',
  logLevel: 'error',
};
// What is bundled travels with its licence, into every page.
const licences = ['preact', 'prismjs']
  .map((name) => {
    const text = readFileSync(join(here, 'node_modules', name, 'LICENSE'), 'utf8').trim();
    return `${name}\n\n${text.replaceAll('*/', '* /')}`;
  })
  .join('\n\n');

const script = await build({
  ...common,
  entryPoints: [join(here, 'src/main.tsx')],
  format: 'iife',
  target: ['es2022', 'chrome100', 'firefox113', 'safari16.4'],
  charset: 'ascii',
  banner: { js: `/* With parts of:\n\n${licences}\n*/` },
  jsx: 'automatic',
  jsxImportSource: 'preact',
});
const style = await build({
  ...common,
  entryPoints: [join(here, 'src/style.css')],
  target: ['chrome100', 'firefox113', 'safari16.4'],
});

const files = {
  'viewer.js': script.outputFiles[0].text,
  'viewer.css': style.outputFiles[0].text,
};

mkdirSync(join(here, 'bundle'), { recursive: true });
for (const [name, text] of Object.entries(files)) {
  const path = join(here, 'bundle', name);
  if (!check) {
    writeFileSync(path, text);
    console.log(`bundle/${name}  ${(text.length / 1000).toFixed(1)} kB`);
  } else if (readFileSync(path, 'utf8') !== text) {
    console.error(`web/bundle/${name} is not what web/src gives. Run: npm run build`);
    process.exitCode = 1;
  }
}
