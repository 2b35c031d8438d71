// SPDX-License-Identifier: Apache-2.0
// Pages and a browser for the tests of the viewer.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const project = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(join(project, 'web', 'package.json'));
const { chromium } = require('playwright-core');

/** What a module of the viewer exports, one that imports nothing but types. */
export async function viewerModule(name) {
  const path = join(project, 'web', 'src', name);
  const { code } = require('esbuild').transformSync(readFileSync(path, 'utf8'), { loader: 'ts' });
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}

/** The program that writes test pages: $PYROMETER_WRITE_PAGE, else from a build folder. */
function writer() {
  const builds = readdirSync(project)
    .filter((name) => name.startsWith('build'))
    .flatMap((name) => [name, ...readdirSync(join(project, name)).map((sub) => join(name, sub))]);
  const places = [
    process.env.PYROMETER_WRITE_PAGE ?? '',
    ...builds.map((build) => join(project, build, 'tests', 'unit', 'view', 'write_page')),
  ];
  const found = places.find((place) => place && existsSync(place));
  if (!found) throw new Error('tests/unit/view/write_page is not built. Try: make build');
  return found;
}

function browserPath() {
  const places = [process.env.CHROMIUM ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser'];
  const found = places.find((place) => place && existsSync(place));
  if (!found) throw new Error('there is no Chromium here. Try: apt-get install chromium');
  return found;
}

export class Bench {
  folder = mkdtempSync(join(tmpdir(), 'pyrometer-web-'));

  /** A browser that talks to nobody, with a profile of its own (Playwright makes a new one). */
  async start() {
    this.browser = await chromium.launch({
      executablePath: browserPath(),
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  }

  async stop() {
    await this.browser?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Writes the page of a kind that write_page knows; its path. */
  write(kind, ...more) {
    const path = join(this.folder, `${kind}.html`);
    execFileSync(writer(), [kind, path, ...more]);
    return path;
  }

  /** Opens a page and waits until it is drawn. What it says and asks for is kept in
   *  `page.trouble` and `page.requests`. */
  async open(path, hash = '', options = {}) {
    const context = await this.browser.newContext({
      viewport: { width: 1300, height: 800 },
      colorScheme: 'light',
      reducedMotion: 'reduce',
      ...options,
    });
    const page = await context.newPage();
    page.trouble = [];
    page.requests = [];
    page.on('console', (message) => page.trouble.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => page.trouble.push(`error: ${error}`));
    page.on('dialog', (dialog) => {
      page.trouble.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => page.requests.push(request.url()));
    page.home = pathToFileURL(path).href;
    await page.goto(page.home + hash);
    await page.waitForSelector('.header, .wait.error', { timeout: 60000 });
    return page;
  }
}

/** Rows of the table of functions: name, and numbers in ns as the page has them. */
export const functionTable = (page) =>
  page.$$eval('.functions tbody tr[data-fn]', (rows) =>
    rows.map((row) => ({
      fn: Number(row.dataset.fn),
      name: row.querySelector('.name').textContent,
      place: row.querySelector('.place').textContent,
      self: Number(row.dataset.self) / 1e6,
      total: Number(row.dataset.total) / 1e6,
    })),
  );

/** What is in sight of the flame graph, as shares of the whole. */
export const sight = (page) =>
  page.$eval('canvas', (canvas) => [Number(canvas.dataset.from), Number(canvas.dataset.to)]);
