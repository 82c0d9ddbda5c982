// Opens reports in a headless browser as a reader would. Nothing is to be fetched, no error to be
// logged, nothing to flow over; tables must sort, marks must say what they are, and axe-core must
// find no serious fault.
//
//   node report.mjs REPORT.html...
//
// The browser is CHROMIUM, or the first of the usual names that is installed.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [400, 1400];
const SCHEMES = ["light", "dark"];

function browserPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      return execFileSync("which", [name], { encoding: "utf8" }).trim();
    } catch {
      // The next.
    }
  }
  throw new Error("no Chromium: install Debian's chromium, or set CHROMIUM");
}

const failures = [];
let checks = 0;
function check(holds, what) {
  checks += 1;
  if (!holds) failures.push(what);
}

// A page that notes what it logs and asks for.
async function open(context, url) {
  const page = await context.newPage();
  const noted = { errors: [], requests: [] };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) noted.errors.push(message.text());
  });
  page.on("pageerror", (error) => noted.errors.push(String(error)));
  page.on("request", (request) => {
    if (request.url() !== url) noted.requests.push(request.url());
  });
  await page.goto(url, { waitUntil: "load" });
  return { page, noted };
}

// What a column shows, top to bottom, as numbers where it has any.
function column(page, table, index) {
  return page.evaluate(
    ([t, i]) =>
      Array.from(document.querySelectorAll("table")[t].tBodies[0].rows, (row) => {
        const cell = row.cells[i];
        return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
      }),
    [table, index],
  );
}

function inOrder(values, sign) {
  const numbers = values.filter((value) => typeof value === "number");
  const texts = values.filter((value) => typeof value === "string");
  const rising = (list, less) => list.every((v, i) => i === 0 || less(list[i - 1], v) <= 0);
  return numbers.length > 0
    ? rising(numbers, (a, b) => sign * (a - b))
    : rising(texts, (a, b) => sign * a.localeCompare(b, "en", { numeric: true }));
}

// Every column of every table, by a click and by the keyboard.
async function sorting(page, where) {
  const heads = await page.evaluate(() =>
    Array.from(document.querySelectorAll("table"), (table) => table.tHead.rows[0].cells.length),
  );
  check(heads.length > 0, `${where}: no table`);
  for (const [table, columns] of heads.entries()) {
    const folded = await page.evaluate(
      (t) => document.querySelectorAll("table")[t].closest("details:not([open])") !== null,
      table,
    );
    if (folded) continue;
    for (let index = 0; index < Math.min(columns, 4); index += 1) {
      const head = page.locator("table").nth(table).locator("thead th").nth(index);
      const before = [...(await column(page, table, index))].map(String).sort();
      await head.locator("button").click();
      check((await head.getAttribute("aria-sort")) === "ascending", `${where}: no aria-sort`);
      check(inOrder(await column(page, table, index), 1), `${where}: ${table}/${index} does not rise`);
      await head.locator("button").focus();
      await page.keyboard.press("Enter");
      check((await head.getAttribute("aria-sort")) === "descending", `${where}: Enter does nothing`);
      const after = await column(page, table, index);
      check(inOrder(after, -1), `${where}: ${table}/${index} does not fall`);
      check(String([...after].map(String).sort()) === String(before), `${where}: rows were lost`);
    }
  }
}

async function hovering(page, where) {
  const plots = page.locator("figure");
  const count = await plots.count();
  check(count > 0, `${where}: no plot`);
  for (let index = 0; index < count; index += 1) {
    const spots = plots.nth(index).locator(".spot");
    if ((await spots.count()) === 0) {
      check(false, `${where}: nothing to point at in plot ${index}`);
      continue;
    }
    await spots.first().scrollIntoViewIfNeeded();
    await page.mouse.move(0, 0);
    const words = await spots.first().getAttribute("data-words");
    await spots.first().hover({ force: true });
    const tip = page.locator(".tip");
    check(await tip.isVisible(), `${where}: no value shows over plot ${index}`);
    const shown = await tip.textContent();
    check(/\d/.test(words) && plotted(shown), `${where}: "${shown}" is no value`);
    await page.keyboard.press("Escape");
    check(!(await tip.isVisible()), `${where}: Escape does not hide the value`);
  }
}

function plotted(text) {
  return text.length > 3 && /\d/.test(text);
}

async function overflow(page, where) {
  const wide = await page.evaluate(() => {
    const root = document.documentElement;
    return { page: root.scrollWidth, window: root.clientWidth };
  });
  check(wide.page <= wide.window, `${where}: ${wide.page} px in ${wide.window} px`);
}

async function accessible(page, where) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  const found = await page.evaluate(async () => {
    const results = await window.axe.run(document, { resultTypes: ["violations"] });
    return results.violations.map((v) => ({
      id: v.id,
      impact: v.impact,
      help: v.help,
      at: v.nodes.slice(0, 3).map((n) => n.target.join(" ")),
      nodes: v.nodes.length,
    }));
  });
  for (const fault of found) {
    const text = `${where}: axe ${fault.impact} ${fault.id} (${fault.nodes}): ${fault.help}: ${fault.at}`;
    if (["serious", "critical"].includes(fault.impact)) check(false, text);
    else console.log(`note: ${text}`);
  }
  checks += 1;
}

// Headings step down one at a time, and the landmarks are there.
async function structure(page, where) {
  const { levels, landmarks, images } = await page.evaluate(() => ({
    levels: Array.from(document.querySelectorAll("h1,h2,h3,h4"), (h) => Number(h.tagName[1])),
    landmarks: ["header", "nav", "main", "footer"].filter((l) => document.querySelector(l)),
    images: Array.from(document.querySelectorAll("svg"), (s) => s.getAttribute("aria-label")),
  }));
  check(levels.filter((level) => level === 1).length === 1, `${where}: not one h1`);
  check(levels.every((l, i) => i === 0 || l <= levels[i - 1] + 1), `${where}: headings ${levels}`);
  check(landmarks.length === 4, `${where}: landmarks ${landmarks}`);
  check(images.every((label) => label && label.length > 10), `${where}: a plot without a name`);
}

const reports = process.argv.slice(2);
if (reports.length === 0) throw new Error("which reports?");
const browser = await chromium.launch({ executablePath: browserPath(), args: ["--no-sandbox"] });
try {
  for (const report of reports) {
    const url = pathToFileURL(resolve(report)).href;
    for (const width of WIDTHS) {
      for (const colorScheme of SCHEMES) {
        const where = `${report} at ${width} px, ${colorScheme}`;
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
        await context.addInitScript(AXE);
        const { page, noted } = await open(context, url);
        await overflow(page, where);
        await structure(page, where);
        if (colorScheme === "light") {
          await sorting(page, where);
          await hovering(page, where);
          await overflow(page, `${where}, after sorting`);
        }
        await accessible(page, where);
        await overflow(page, `${where}, all unfolded`);
        if (process.env.SHOTS) {
          const name = `${process.env.SHOTS}-${width}-${colorScheme}.png`;
          await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = false)));
          await page.screenshot({ path: name, fullPage: true });
        }
        check(noted.errors.length === 0, `${where}: console: ${noted.errors.join(" | ")}`);
        check(noted.requests.length === 0, `${where}: requests: ${noted.requests.join(" ")}`);
        await context.close();
      }
    }
    if (process.env.SHOTS) {
      const page = await browser.newPage();
      await page.goto(url);
      await page.pdf({ path: `${process.env.SHOTS}.pdf`, format: "A4" });
      await page.close();
    }
  }
} finally {
  await browser.close();
}
for (const failure of failures) console.error(`FAILED ${failure}`);
console.log(`${checks} checks of ${reports.length} report(s), ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
