// Opens a trace in speedscope, a viewer that reads the trace event format with code of its own, in a
// headless Chromium, and fails where it complains about an event or shows other things than are in
// the file. Run where speedscope and playwright-core are installed; elsewhere nothing is checked.
//
//   cd tests/browser && npm ci && node ../timeline/speedscope.mjs trace.json

import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

const file = process.argv[2];
const require = createRequire(path.resolve('package.json'));
let chromium, viewer;
try {
  ({ chromium } = require('playwright-core'));
  viewer = path.join(path.dirname(require.resolve('speedscope/package.json')), 'dist/release');
} catch (error) {
  console.log(`NOT CHECKED: the trace in speedscope (${error.message.split('\n')[0]})`);
  process.exit(0);
}

const { traceEvents } = JSON.parse(fs.readFileSync(file, 'utf8'));
const threads = new Set(traceEvents.filter((e) => e.ph === 'X').map((e) => `${e.pid}/${e.tid}`));

// speedscope's own way to be handed a file by another program.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'speedscope-'));
const loader = path.join(folder, 'load.js');
const bytes = fs.readFileSync(file).toString('base64');
fs.writeFileSync(loader, `speedscope.loadFileFromBase64("trace.json", "${bytes}")`);

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--allow-file-access-from-files'],
});
const complaints = [];
let imported;
const done = new Promise((resolve) => (imported = resolve));
const page = await browser.newPage();
page.on('pageerror', (error) => complaints.push(error.message));
page.on('console', (message) => {
  const text = message.text();
  if (message.type() === 'timeEnd' && text.startsWith('import')) imported();
  else if (/Tried to end|still open|unable|error/i.test(text) && !text.includes('WebGL')) {
    complaints.push(text);
  }
});
await page.goto(`file://${viewer}/index.html#localProfilePath=${loader}`);
await Promise.race([done, page.waitForTimeout(30_000)]);
await page.waitForTimeout(1_000);
const shown = await page.evaluate(() => document.body.innerText);
await browser.close();
fs.rmSync(folder, { recursive: true });

const count = Number(shown.match(/\(1\/(\d+)\)/)?.[1]);
if (count !== threads.size) complaints.push(`${count} threads are shown, of ${threads.size}`);
for (const complaint of complaints.slice(0, 5)) console.error(complaint);
if (complaints.length > 0) {
  console.error(`${complaints.length} complaints of speedscope about ${file}`);
  process.exit(1);
}
console.log(`speedscope shows all ${count} threads of ${file}`);
