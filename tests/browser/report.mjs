// Opens reports in a headless browser as a reader would. Nothing is to be fetched, no error to be
// logged, nothing to flow over; tables must sort, marks must say what they are to pointer and
// keyboard, paper must show all there is, and axe-core must find no serious fault.
//
//   node report.mjs REPORT.html...
//
// The browser is CHROMIUM, or the first of the usual names that is installed.

import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { basename, dirname, resolve } from "node:path";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// What flows over depends on the width, contrast on the scheme, and what scripts do on neither.
const LOOKS = [
  { width: 400, colorScheme: "light", checks: [overflow, structure, keyboard, accessible] },
  { width: 1400, colorScheme: "light", checks: [overflow, sorting, hovering, keyboard, paper] },
  { width: 1400, colorScheme: "dark", checks: [accessible] },
];
const ALL_LOOKS = [400, 1400].flatMap((w) => ["light", "dark"].map((c) => [w, c]));
// A sheet of A4 less its margins, in CSS pixels.
const PAPER_WIDTH = Math.floor(((210 - 24) / 25.4) * 96);

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
let count = 0;
function check(holds, what) {
  count += 1;
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

// Every table, by a click and by the keyboard: its first columns and its last.
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
    const some = [...new Set([0, 1, 2, columns - 1])].filter((index) => index < columns);
    for (const index of some) {
      const at = `${where}: table ${table}, column ${index}`;
      const head = page.locator("table").nth(table).locator("thead th").nth(index);
      const before = [...(await column(page, table, index))].map(String).sort();
      await head.locator("button").click();
      check((await head.getAttribute("aria-sort")) === "ascending", `${at}: no aria-sort`);
      check(inOrder(await column(page, table, index), 1), `${at} does not rise`);
      await head.locator("button").focus();
      await page.keyboard.press("Enter");
      check((await head.getAttribute("aria-sort")) === "descending", `${at}: Enter does nothing`);
      const after = await column(page, table, index);
      check(inOrder(after, -1), `${at} does not fall`);
      check(String([...after].map(String).sort()) === String(before), `${at}: rows were lost`);
    }
  }
  await overflow(page, `${where}, after sorting`);
}

// Every plot shows the value of a mark that the pointer rests on.
async function hovering(page, where) {
  const plots = page.locator("figure");
  for (let index = 0; index < (await plots.count()); index += 1) {
    const spots = plots.nth(index).locator(".spot");
    check((await spots.count()) > 0, `${where}: nothing to point at in plot ${index}`);
    if ((await spots.count()) === 0) continue;
    await spots.first().scrollIntoViewIfNeeded();
    await page.mouse.move(0, 0);
    const words = await spots.first().getAttribute("data-words");
    await spots.first().hover({ force: true });
    const tip = page.locator(".tip");
    check(await tip.isVisible(), `${where}: no value shows over plot ${index}`);
    // Where marks overlap, it is that of the uppermost.
    check(/\d/.test(words) && /\d/.test(await tip.textContent()), `${where}: no number in a value`);
    await page.keyboard.press("Escape");
    check(!(await tip.isVisible()), `${where}: Escape does not hide the value`);
  }
  await page.mouse.move(0, 0);
}

// Every plot is reached by Tab, and every mark of it by the arrow keys, which say it as well.
async function keyboard(page, where) {
  const plots = page.locator(".sheet");
  const tip = page.locator(".tip");
  const said = page.locator("#said");
  for (let index = 0; index < (await plots.count()); index += 1) {
    const at = `${where}: plot ${index}`;
    const sheet = plots.nth(index);
    const words = await sheet.locator(".spot").evaluateAll((s) => s.map((e) => e.dataset.words));
    check((await sheet.getAttribute("tabindex")) === "0", `${at}: Tab does not come here`);
    if (words.length === 0) continue;
    await sheet.focus();
    const steps = [
      ["ArrowRight", words[0]],
      ["ArrowRight", words[Math.min(1, words.length - 1)]],
      ["ArrowLeft", words[0]],
      ["End", words.at(-1)],
      ["Home", words[0]],
    ];
    for (const [key, expected] of steps) {
      await page.keyboard.press(key);
      const shown = (await tip.isVisible()) ? await tip.textContent() : "nothing";
      check(shown === expected, `${at}: ${key} shows "${shown}", not "${expected}"`);
      check((await said.textContent()) === expected, `${at}: ${key} does not say its value`);
      const seen = await tip.evaluate((t) => {
        const { left, right } = t.getBoundingClientRect();
        return left >= 0 && right <= document.documentElement.clientWidth;
      });
      check(seen, `${at}: ${key}: the value is cut off`);
    }
    await page.keyboard.press("Escape");
    check(!(await tip.isVisible()), `${at}: Escape does not hide the value`);
  }
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
  await overflow(page, `${where}, all unfolded`);
  const found = await page.evaluate(async () => {
    // The rows of a table are alike: the first and the last of a long one are looked at.
    for (const body of document.querySelectorAll("tbody")) {
      for (const row of Array.from(body.rows).slice(25, -5)) row.remove();
    }
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
  count += 1;
}

// Headings step down one at a time, the landmarks are there, and the answer comes before all else.
async function structure(page, where, folder) {
  const { levels, landmarks, images, first, lead } = await page.evaluate(() => ({
    levels: Array.from(document.querySelectorAll("h1,h2,h3,h4"), (h) => Number(h.tagName[1])),
    landmarks: ["header", "nav", "main", "footer"].filter((l) => document.querySelector(l)),
    images: Array.from(document.querySelectorAll("svg"), (s) => s.getAttribute("aria-label")),
    first: document.querySelector("main h2").textContent,
    lead: document.querySelector(".answer .lead")?.textContent ?? "",
  }));
  check(levels.filter((level) => level === 1).length === 1, `${where}: not one h1`);
  check(levels.every((l, i) => i === 0 || l <= levels[i - 1] + 1), `${where}: headings ${levels}`);
  check(landmarks.length === 4, `${where}: landmarks ${landmarks}`);
  check(images.every((label) => label && label.length > 10), `${where}: a plot without a name`);
  check(first === "Answer" && lead.length > 10, `${where}: no answer comes first`);
  const drawn = readdirSync(folder).filter((name) => name.endsWith(".svg")).length;
  check(images.length === drawn, `${where}: ${images.length} of ${drawn} plots`);
}

// On paper everything is there, in light colours, and nothing is cut off.
async function paper(page, where) {
  const size = page.viewportSize();
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.setViewportSize({ width: PAPER_WIDTH, height: 1000 });
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  const found = await page.evaluate(() => {
    // What is of no use on paper: sections to click, hints, and hashes that a file has.
    const left = "nav, .skip, .screen, .bulk, .hidden, .finding, .tip, svg, script, style";
    const hidden = [];
    const cut = [];
    for (const element of document.body.querySelectorAll("*")) {
      if (element.closest(left)) continue;
      const own = Array.from(element.childNodes).some((n) => n.nodeType === 3 && n.data.trim());
      // What has no box of its own is where its parent is.
      const boxless = getComputedStyle(element).display === "contents";
      const placed = boxless ? element.parentElement : element;
      if (own && !placed.checkVisibility({ contentVisibilityAuto: true })) {
        hidden.push(element.textContent.trim().slice(0, 40));
      }
      const { scrollWidth, clientWidth, scrollHeight, clientHeight } = element;
      if (element.matches(".scroll, .sheet, pre")) {
        if (scrollWidth > clientWidth + 1 || scrollHeight > clientHeight + 1) {
          cut.push(element.getAttribute("aria-labelledby") ?? element.textContent.slice(0, 40));
        }
      }
    }
    const { backgroundColor, color } = getComputedStyle(document.body);
    return { hidden, cut, colours: `${color} on ${backgroundColor}` };
  });
  check(found.hidden.length === 0, `${where}: not on paper: ${found.hidden.slice(0, 5).join(" | ")}`);
  check(found.cut.length === 0, `${where}: cut off on paper: ${found.cut.join(" | ")}`);
  check(found.colours === "rgb(0, 0, 0) on rgb(255, 255, 255)", `${where}: ${found.colours}`);
  await overflow(page, `${where}, on paper`);
  await page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
  await page.emulateMedia({ media: null, colorScheme: "light" });
  await page.setViewportSize(size);
}

// Pictures to look at.
async function shots(url, name) {
  for (const [width, colorScheme] of ALL_LOOKS) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    await page.goto(url);
    await page.screenshot({ path: `${name}-${width}-${colorScheme}.png`, fullPage: true });
    await context.close();
  }
  const page = await browser.newPage();
  await page.goto(url);
  await page.pdf({ path: `${name}.pdf`, format: "A4", preferCSSPageSize: true, printBackground: true });
  await page.close();
}

const reports = process.argv.slice(2);
if (reports.length === 0) throw new Error("which reports?");
const browser = await chromium.launch({ executablePath: browserPath(), args: ["--no-sandbox"] });
try {
  for (const report of reports) {
    const path = resolve(report);
    const url = pathToFileURL(path).href;
    const [folder, started] = [dirname(path), Date.now()];
    for (const { width, colorScheme, checks } of LOOKS) {
      const where = `${basename(folder)} at ${width} px, ${colorScheme}`;
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
      await context.addInitScript(AXE);
      const { page, noted } = await open(context, url);
      for (const look of checks) await look(page, where, folder);
      check(noted.errors.length === 0, `${where}: console: ${noted.errors.join(" | ")}`);
      check(noted.requests.length === 0, `${where}: requests: ${noted.requests.join(" ")}`);
      await context.close();
    }
    if (process.env.SHOTS) await shots(url, `${process.env.SHOTS}-${basename(folder)}`);
    console.log(`${basename(folder)}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }
} finally {
  await browser.close();
}
for (const failure of failures) console.error(`FAILED ${failure}`);
console.log(`${count} checks of ${reports.length} report(s), ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
