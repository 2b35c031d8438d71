// SPDX-License-Identifier: Apache-2.0
// The viewer in Chromium. The numbers of the sample profile are in
// tests/unit/support/sample_profile.h.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bench, functionTable, sight, viewerModule } from './support.mjs';

const bench = new Bench();
let sample;

before(async () => {
  await bench.start();
  sample = bench.write('sample');
});
after(() => bench.stop());

const hostile = 'a;b\\n<script>alert(1)</script>\\x1b[31m';

test('opens from a file without a word on the console or a request', async () => {
  const page = await bench.open(sample);
  await page.waitForTimeout(300);
  assert.deepEqual(page.trouble, []);
  assert.deepEqual(
    page.requests.filter((url) => url !== page.home && !url.startsWith('data:')),
    [],
  );
  assert.equal(await page.textContent('h1'), 'shop.py --orders 5000');
  const header = await page.textContent('.header');
  for (const words of ['820 ms', 'CPython 3.13.0', '2 processes, 3 threads'])
    assert.ok(header.includes(words), words);
  assert.match(await page.textContent('.quality summary'), /1,320 samples, all proved/);
  const division = await page.textContent('.division');
  assert.match(division, /running 70 %/);
  assert.match(division, /waiting for the GIL 23 %/);
  assert.match(division, /waiting for the network 7\.6 %/);
  assert.doesNotMatch(division, /otherwise/);
});

test('what ran is divided, and how that is known is said', async () => {
  const page = await bench.open(bench.write('parts'));
  assert.match(
    await page.textContent('.division'),
    /running 71 % \(about python 44, native 22, system 5\)/,
  );
  const quality = await page.textContent('.quality summary');
  for (const words of [
    '1,200 stacks with machine code',
    '3 of them cut at the root',
    '1 stack without machine code',
    'python/native/system estimated: 10 % from the machine code, 70 % from the instruction pointer, 20 % from /proc',
  ])
    assert.ok(quality.includes(words), `${words}: ${quality}`);
});

test('files of every kind are shown, each in its colour', async () => {
  const page = await bench.open(bench.write('kinds'));
  assert.deepEqual(page.trouble, []);
  const kinds = await page.$$eval('.legend li', (items) => items.map((item) => item.textContent));
  const words = ['own code', 'standard library', 'packages', 'native code', 'no file'];
  assert.deepEqual(kinds, words);
  const names = (await functionTable(page)).map((row) => row.name).sort();
  assert.deepEqual(names, ['native', 'nowhere', 'own', 'package', 'standard']);
});

test('nothing can be fetched, and no script but the viewer runs', async () => {
  const page = await bench.open(sample);
  const outcome = await page.evaluate(async () => {
    const script = document.createElement('script');
    script.textContent = 'window.intruder = true';
    document.body.append(script);
    const fetched = await fetch('http://127.0.0.1:9/').then(
      () => 'fetched',
      () => 'refused',
    );
    return { fetched, intruder: window.intruder === true };
  });
  assert.deepEqual(outcome, { fetched: 'refused', intruder: false });
  assert.ok(page.trouble.some((line) => /Content Security Policy/.test(line)));
});

test('the table has the numbers of the profile', async () => {
  const page = await bench.open(sample, '#view=functions');
  const rows = Object.fromEntries((await functionTable(page)).map((row) => [row.name, row]));
  const expected = {
    flush: [400, 460],
    'Cart.price': [340, 340],
    'JSONEncoder.encode': [210, 210],
    fib: [200, 200],
    'Session.get': [100, 100],
    [hostile]: [50, 50],
    '<module>': [0, 840],
    main: [0, 800],
    'Thread._bootstrap': [0, 460],
    'Thread.run': [0, 460],
    dumps: [0, 210],
  };
  assert.deepEqual(
    Object.fromEntries(Object.values(rows).map((row) => [row.name, [row.self, row.total]])),
    expected,
  );
  assert.equal(rows['Session.get'].place, 'requests/sessions.py:500');
  assert.equal(rows['Cart.price'].place, 'shop.py:80');
});

test('metrics, threads and processes choose what is counted', async () => {
  const of = async (hash) => {
    const page = await bench.open(sample, hash);
    const rows = await functionTable(page);
    await page.context().close();
    return Object.fromEntries(rows.map((row) => [row.name, row.self]));
  };
  assert.equal((await of('#view=functions&metric=cpu')).flush, 100);
  assert.deepEqual(await of('#view=functions&metric=wait&scope=t0'), {
    'Session.get': 100,
    '<module>': 0,
    main: 0,
  });
  assert.equal((await of('#view=functions&metric=gil_wait')).flush, 300);
  assert.deepEqual(await of('#view=functions&metric=wait_net'), {
    'Session.get': 100,
    '<module>': 0,
    main: 0,
  });
  assert.deepEqual(await of('#view=functions&scope=p1'), { 'Cart.price': 40, '<module>': 0 });
});

test('by tasks it speaks of tasks', async () => {
  const page = await bench.open(bench.write('tasks'));
  assert.deepEqual(page.trouble, []);
  assert.match(await page.textContent('.facts'), /1 process, 3 tasks, 2 threads$/);
  const select = page.locator('select[aria-label="Tasks and processes"]');
  /* Tasks come first; time waiting counts, as they do little else. */
  assert.deepEqual(await select.locator('option').allTextContents(), [
    'All tasks',
    'work x8',
    'first (work)',
    'main',
    'MainThread',
    'asyncio_0',
  ]);
  assert.equal(await page.inputValue('select[aria-label="Metric"]'), 'wall');
  await select.selectOption('first (work)');
  await page.click('text=Functions');
  const rows = Object.fromEntries(
    (await functionTable(page)).map((row) => [row.name, [row.self, row.total]]),
  );
  assert.deepEqual(rows, { work: [9000, 10000], price: [1000, 1000], main: [0, 10000] });
  assert.doesNotMatch(await page.textContent('body'), /all threads|logical/i);
});

test('what a function waits for is told beside its numbers', async () => {
  const page = await bench.open(sample, '#view=functions');
  await page.click('.functions td.function:has-text("flush")');
  assert.equal(await page.textContent('.side .waits'), 'waiting for the GIL 300 ms');
  await page.click('.functions td.function:has-text("main")');
  assert.equal(await page.textContent('.side .waits'), 'waiting for the network 100 ms');
  await page.click('.functions td.function:has-text("fib")');
  assert.equal(await page.locator('.side .waits').count(), 0);
});

test('the selectors change the table and the address', async () => {
  const page = await bench.open(sample, '#view=functions');
  await page.selectOption('select[aria-label="Metric"]', 'gil_wait');
  await page.selectOption('select[aria-label="Threads and processes"]', 't1');
  assert.deepEqual(
    (await functionTable(page)).map((row) => [row.name, row.self, row.total]),
    [
      ['flush', 300, 300],
      ['Thread._bootstrap', 0, 300],
      ['Thread.run', 0, 300],
    ],
  );
  assert.match(page.url(), /metric=gil_wait/);
  assert.match(page.url(), /scope=t1/);
  await page.goBack();
  assert.ok((await functionTable(page)).length === 3);
  assert.doesNotMatch(page.url(), /scope/);
});

test('sorts by total and by name', async () => {
  const page = await bench.open(sample, '#view=functions');
  await page.click('th.total button');
  const totals = (await functionTable(page)).map((row) => row.total);
  assert.deepEqual(
    totals,
    [...totals].sort((a, b) => b - a),
  );
  assert.equal(await page.getAttribute('th.total', 'aria-sort'), 'descending');
  await page.click('th.name button');
  const names = (await functionTable(page)).map((row) => row.name);
  assert.deepEqual(names, [...names].sort());
});

test('own code only: library time is credited to the code that called it', async () => {
  const page = await bench.open(sample, '#view=functions');
  await page.keyboard.press('l');
  const rows = Object.fromEntries(
    (await functionTable(page)).map((r) => [r.name, [r.self, r.total]]),
  );
  assert.deepEqual(rows, {
    flush: [460, 460],
    'Cart.price': [340, 340],
    main: [250, 800],
    fib: [200, 200],
    [hostile]: [50, 50],
    '<module>': [0, 840],
  });
});

test('callers and callees of the focus', async () => {
  const page = await bench.open(sample, '#focus=4');
  const list = (title) =>
    page.$$eval(`[data-list=${title}] button`, (rows) =>
      rows.map((row) => [row.querySelector('.name').textContent, Number(row.dataset.value) / 1e6]),
    );
  assert.equal(await page.textContent('.side h2 bdi'), 'dumps');
  assert.deepEqual(await list('Callers'), [
    ['main', 150],
    ['flush', 60],
  ]);
  assert.deepEqual(await list('Callees'), [['JSONEncoder.encode', 210]]);
  await page.click('[data-list=Callers] button:has-text("flush")');
  assert.equal(await page.textContent('.side h2 bdi'), 'flush');
});

test('recursion is counted once', async () => {
  const page = await bench.open(sample, '#focus=3');
  const callers = await page.$$eval('[data-list=Callers] button', (rows) =>
    rows.map((row) => [row.querySelector('.name').textContent, Number(row.dataset.value) / 1e6]),
  );
  assert.deepEqual(callers, [
    ['main', 200],
    ['fib', 200],
  ]);
});

test('a click on the flame graph restricts every pane; again steps out', async () => {
  const page = await bench.open(sample);
  const canvas = await page.$('canvas');
  const { width } = await canvas.boundingBox();
  /* Row 1: <module> with 840 of 1320, then the thread's start. */
  await canvas.click({ position: { x: width * 0.8, y: 30 } });
  assert.equal(await page.textContent('.side h2 bdi'), 'Thread._bootstrap');
  assert.match(page.url(), /root=/);
  const [from, to] = await sight(page);
  assert.ok(Math.abs(from - 840 / 1320) < 1e-5 && Math.abs(to - 1300 / 1320) < 1e-5);
  assert.deepEqual(
    (await functionTable(page)).map((row) => row.name),
    ['flush', 'JSONEncoder.encode', 'Thread._bootstrap', 'Thread.run', 'dumps'],
  );
  assert.match(await page.textContent('.where'), /Thread._bootstrap/);
  await canvas.click({ position: { x: width * 0.5, y: 30 } });
  assert.deepEqual(await sight(page), [0, 1]);
});

test('the tooltip has total, self and interval', async () => {
  const page = await bench.open(sample);
  const canvas = await page.$('canvas');
  const { width } = await canvas.boundingBox();
  await canvas.hover({ position: { x: width * 0.05, y: 72 } });
  const words = await page.textContent('.tooltip');
  assert.match(words, /Cart\.price/);
  assert.match(words, /300 ms/);
  assert.match(words, /23 %/);
  assert.match(words, /±3/);
});

test('keys: views, zoom, pan, reset, search and matches', async () => {
  const page = await bench.open(sample);
  const view = () => page.getAttribute('.main', 'data-view');
  for (const [key, name] of [
    ['2', 'functions'],
    ['3', 'source'],
    ['4', 'tree'],
    ['1', 'flame'],
  ]) {
    await page.keyboard.press(key);
    assert.equal(await view(), name);
  }
  await page.keyboard.press('w');
  const [from, to] = await sight(page);
  assert.ok(Math.abs(to - from - 0.6) < 1e-5, 'w zooms in');
  await page.keyboard.press('d');
  assert.ok((await sight(page))[0] > from, 'd pans right');
  await page.keyboard.press('ArrowLeft');
  assert.ok(Math.abs((await sight(page))[0] - from) < 1e-5, 'the arrow pans back');
  await page.keyboard.press('0');
  assert.deepEqual(await sight(page), [0, 1]);

  await page.keyboard.press('/');
  await page.keyboard.type('dumps');
  assert.match(await page.textContent('.search output'), /16 % in 2 places/);
  assert.match(page.url(), /q=dumps/);
  assert.equal(await view(), 'flame', 'typing is not taken for commands');
  await page.keyboard.press('Enter');
  assert.equal(await page.textContent('.side h2 bdi'), 'dumps');
  await page.keyboard.press('Escape');
  assert.equal(await page.inputValue('.search input'), '');

  await page.keyboard.press('/');
  await page.keyboard.type('shop.py');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('n');
  assert.equal(await page.textContent('.side h2 bdi'), '<module>');
  await page.keyboard.press('r');
  assert.equal(new URL(page.url()).hash, '');
});

test('the state of a page is in its address', async () => {
  const first = await bench.open(sample, '#view=tree&metric=cpu&q=fib&fold=1&up=1');
  assert.equal(await first.inputValue('.search input'), 'fib');
  assert.equal(await first.inputValue('select[aria-label="Metric"]'), 'cpu');
  assert.equal(await first.isChecked('.check input'), true);
  const odd = await bench.open(
    sample,
    '#view=nothing&scope=t99&root=999999&focus=-4&metric=%3Cb%3E',
  );
  assert.deepEqual(odd.trouble, []);
  assert.equal(await odd.getAttribute('.main', 'data-view'), 'flame');
});

test('the tree is a treegrid that keys walk', async () => {
  const page = await bench.open(sample, '#view=tree');
  await page.focus('.tree');
  assert.equal(await page.getAttribute('.tree table', 'role'), 'treegrid');
  await page.keyboard.press('ArrowDown');
  assert.match(await page.textContent('tr[aria-selected=true]'), /<module>/);
  await page.keyboard.press('ArrowLeft');
  assert.equal(await page.getAttribute('tr[aria-selected=true]', 'aria-expanded'), 'false');
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.getAttribute('tr[aria-selected=true]', 'aria-expanded'), 'true');
});

test('hostile names are text everywhere', async () => {
  assert.ok(!readFileSync(sample, 'utf8').includes('alert(1)'));
  for (const view of ['flame', 'functions', 'source', 'tree']) {
    const page = await bench.open(sample, `#view=${view}&focus=7`);
    assert.deepEqual(page.trouble, []);
    assert.equal(await page.textContent('.side h2 bdi'), hostile);
    assert.equal(await page.$$eval('script', (all) => all.length), 1, 'only the viewer');
    assert.equal(await page.$$eval('.side b b, .side script', (all) => all.length), 0);
    await page.context().close();
  }
});

test('sources stand beside their numbers; what is not Python is not in the page', async () => {
  const folder = join(bench.folder, 'project');
  mkdirSync(folder);
  const lines = Array.from({ length: 30 }, (_, i) => `line${i + 1} = ${i}`);
  lines[10] = '    for x in y: pass  # </script><script>alert(2)</script>';
  writeFileSync(join(folder, 'shop.py'), lines.join('\n'));
  writeFileSync(join(folder, 'notes.txt'), 'a password');
  const path = bench.write('sources', folder);
  const page = await bench.open(path, '#focus=1&view=source');
  assert.deepEqual(page.trouble, []);
  assert.equal(await page.textContent('tr[data-line="11"] .text'), lines[10]);
  const numbers = await page.$eval('tr[data-line="11"]', (row) => [
    row.dataset.self,
    row.dataset.total,
  ]);
  assert.deepEqual(numbers.map(Number), [600e6, 690e6]);
  assert.equal(await page.$eval('tr[data-line="10"]', (row) => row.dataset.self), undefined);
  assert.ok(await page.$('tr[data-line="11"] .token.keyword'));
  assert.match(await page.textContent('.left-out'), /2 sources are not in this page/);
  assert.match(await page.textContent('.left-out'), /notes.txt does not look like Python/);
  assert.match(await page.textContent('.left-out'), /gone.py not found/);
  const bytes = await page.evaluate(() => document.documentElement.outerHTML);
  assert.ok(!bytes.includes('a password'));
});

test('damaged data is an error in words', async () => {
  const text = readFileSync(sample, 'utf8');
  const [, data] = /class="pyro-data">([^<]*)</.exec(text);
  const broken = join(bench.folder, 'broken.html');
  for (const other of ['AAAA', data.slice(0, 400), '']) {
    writeFileSync(broken, text.replace(data, other));
    const page = await bench.open(broken);
    assert.ok((await page.textContent('.wait.error')).length > 10);
    await page.context().close();
  }
});

test('empty and very deep recordings', async () => {
  const empty = await bench.open(bench.write('empty'));
  assert.deepEqual(empty.trouble, []);
  assert.match(await empty.textContent('.pane'), /Nothing was recorded/);
  const deep = await bench.open(bench.write('deep'));
  assert.deepEqual(deep.trouble, []);
  assert.equal(await deep.$eval('canvas', (canvas) => Number(canvas.dataset.rows)), 4097);
  await deep.$eval('.flame-box', (box) => (box.scrollTop = 40000));
  await deep.keyboard.press('4');
  assert.deepEqual(deep.trouble, []);
});

test('names where there is no room for classes and modules', async () => {
  const { shortName } = await viewerModule('format.ts');
  const cases = {
    main: 'main',
    'Database.execute.<locals>.run': 'run',
    'f.<locals>.<lambda>': '<lambda>',
    '<module>': '<module>',
    'std::vector<int, std::allocator<int> >::push_back': 'push_back',
    'ns::convert<ns::Some>': 'convert<ns::Some>',
    '<alloc::String as core::fmt::Write>::write_str': 'write_str',
    'libsqlite3.so.0.8.6+0x352a0': '+0x352a0',
  };
  for (const [name, short] of Object.entries(cases)) assert.equal(shortName(name), short);
});

test('narrow, dark and light', async () => {
  const narrow = await bench.open(sample, '', { viewport: { width: 360, height: 700 } });
  const overflow = await narrow.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${overflow} pixels too wide`);
  const dark = await bench.open(sample, '', { colorScheme: 'dark' });
  const ground = () => dark.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await ground();
  await dark.keyboard.press('t');
  assert.notEqual(await ground(), before);
  assert.deepEqual(dark.trouble, []);
});

test('a tree of a million nodes', async (t) => {
  const path = bench.write('large');
  const page = await bench.open(path);
  const times = await page.evaluate(() => ({ ...document.documentElement.dataset }));
  assert.deepEqual(page.trouble, []);
  const start = Date.now();
  await page.keyboard.press('/');
  await page.keyboard.type('step_12');
  await page.waitForSelector('.search output');
  const searched = Date.now() - start;
  const size = readFileSync(path).length / 1e6;
  t.diagnostic(
    `1,000,000 nodes: page ${size.toFixed(1)} MB, unpacked in ${times.unpackMs} ms, ` +
      `drawn in ${times.readyMs} ms, seven letters searched in ${searched} ms`,
  );
});
