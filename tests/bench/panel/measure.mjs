/**
 * Measures the panel in headless Chromium, as `rollscope view` serves it:
 *   measure.mjs <cli.js> <runs.mjs> steps|long <run folder> [live]
 * `live`: also while another process continues writing a copy of the run. Prints one JSON line: milliseconds and bytes.
 * Where it may, it puts itself, the host and the browser before everything else on the machine.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority, tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { firstObject } from '../../../scripts/child.mjs';
import { CHROMIUM } from '../../../scripts/chromium.mjs';
import { install } from './in-page.mjs';

const FRAMES = 300;
const PACE = 200;
const LIVE_SECONDS = 15;
/** Milliseconds for which a page works so that its process is found. */
const BUSY = 60;

const [cli, runs, kind, folder, live] = process.argv.slice(2);
const INDEX = 'view.index';
const home = mkdtempSync(path.join(tmpdir(), 'rollscope-bench-'));
const children = [];
prefer(process.pid);
// What started this may be killed: nothing stays behind, neither the browser, which ends with this process, nor a server.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGTERM'), 1000).unref();
process.once('exit', () => {
  for (const child of children) child.kill('SIGTERM');
  rmSync(home, { recursive: true, force: true });
});
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});
try {
  const result = kind === 'long' ? await long() : await steps();
  console.log(JSON.stringify({ ...result, preferred: getPriority() < 0 }));
} finally {
  await browser.close();
  for (const child of children) child.kill('SIGTERM');
  rmSync(home, { recursive: true, force: true });
}

async function steps() {
  const reference = await idle();
  const first = await opened(folder, true);
  await first.page.close();
  await end(first.server);
  const shown = await opened(folder);
  const { page, server } = shown;
  const results = {
    firstEver: { painted: first.painted, cpu: first.cpu },
    first: { painted: shown.painted, cpu: shown.cpu },
    back: await back(page),
  };
  for (const what of ['scrub', 'filter', 'scrollList', 'walk']) {
    // What is compiled and read once is not what a frame costs.
    await page.evaluate((name) => globalThis.bench[name](60), what);
    results[what] = await frames(page, what);
    await page.evaluate(() => globalThis.bench.settle());
  }
  results.memory = { ...(await memory(page)), ...hostMemory(server.pid) };
  await page.close();
  await end(server);
  if (live) results.live = await whileWritten();
  return { reference, ...results };
}

async function long() {
  const reference = await idle();
  const { page, server } = await opened(folder, false, false);
  const results = { first: { painted: await page.evaluate(() => globalThis.bench.opened()) } };
  await preferBrowser();
  const times = [];
  for (let i = 0; i < 5; i++) times.push(await page.evaluate(() => globalThis.bench.nextRollout()));
  results.next = { painted: times.sort((a, b) => a - b)[2] };
  for (const what of ['scrollResponse', 'jump']) results[what] = await frames(page, what);
  results.shade = await frames(page, 'shade', 60);
  results.memory = { ...(await memory(page)), ...hostMemory(server.pid) };
  return { reference, ...results };
}

/** A page without anything, and a fixed piece of work. */
async function idle() {
  const page = await newPage();
  await page.evaluate(install);
  const { work, intervals } = await page.evaluate(() => globalThis.bench.idle(120));
  const sorting = await page.evaluate(() => globalThis.bench.reference());
  const process_ = await rendererOf(page);
  const bytes = residentBytes(process_);
  await page.close();
  return { ...summaryOf(work, intervals), sorting, bytes };
}

/** The page of a run whose host has just been started. */
async function opened(run, fresh = false, waits = true) {
  if (fresh) rmSync(path.join(run, INDEX), { force: true });
  const page = await newPage();
  const server = spawn(process.execPath, [cli, 'view', run, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ROLLSCOPE_HOME: home, ROLLSCOPE_CACHE: path.join(home, 'cache') },
  });
  children.push(server);
  const { address } = await firstObject(server);
  page.on('pageerror', (error) => console.error(error.stack));
  page.setDefaultTimeout(120_000);
  let sawProgress = false;
  if (fresh) {
    const bar = page.locator('[data-loaded]').first().waitFor();
    bar
      .then(() => {
        sawProgress = true;
      })
      .catch(() => undefined);
  }
  await page.goto(address, { waitUntil: 'commit' });
  await preferBrowser();
  await page.evaluate(install);
  const painted = waits ? await page.evaluate(() => globalThis.bench.painted()) : null;
  // It may have moved to another process.
  await preferBrowser();
  // Of its main thread since the process began, without finding it.
  const cpu = threadTime(await rendererOf(page)) - BUSY;
  return { page, server, painted, cpu, sawProgress };
}

/** The page is loaded again while its host keeps the run, as when a hidden panel comes back. */
async function back(page) {
  const thread = await rendererOf(page);
  const before = threadTime(thread);
  const times = [];
  for (let i = 0; i < 5; i++) {
    await page.reload({ waitUntil: 'commit' });
    await preferBrowser();
    await page.evaluate(install);
    times.push(await page.evaluate(() => globalThis.bench.painted()));
    await page.waitForTimeout(300);
  }
  return { painted: times.sort((a, b) => a - b)[2], cpu: (threadTime(thread) - before) / times.length };
}

async function newPage() {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  await preferBrowser();
  return page;
}

async function preferBrowser() {
  const client = await browser.newBrowserCDPSession();
  const { processInfo } = await client.send('SystemInfo.getProcessInfo');
  for (const { id } of processInfo) prefer(id);
  await client.detach();
}

/** Puts the threads of a process before others; without the right to, it stays as it is. */
function prefer(pid) {
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`))
      setPriority(Number(thread), constants.priority.PRIORITY_HIGHEST);
  } catch {
    // Not on Linux, not allowed, or gone.
  }
}

async function frames(page, what, count = FRAMES) {
  const thread = await rendererOf(page);
  const before = threadTime(thread);
  const { work, intervals } = await page.evaluate(([name, n]) => globalThis.bench[name](n), [what, count]);
  const cpu = (threadTime(thread) - before) / count;
  return { ...summaryOf(work, intervals), cpu };
}

/** A copy of the run, to which another process adds records, and what the page does meanwhile. */
async function whileWritten() {
  const copy = path.join(home, 'written');
  cpSync(folder, copy, { recursive: true });
  const events = path.join(copy, 'events.jsonl');
  const text = readFileSync(events, 'utf8');
  // The record of its end.
  writeFileSync(events, text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1));
  rmSync(path.join(copy, INDEX), { force: true });
  const writer = spawn(process.execPath, [runs, 'live', copy, PACE, LIVE_SECONDS + 30, 1001], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(writer);
  await new Promise((resolve) => writer.stdout.once('data', resolve));
  const { page, server } = await opened(copy);
  const thread = await rendererOf(page);
  await page.waitForTimeout(2000);
  const steps = () => page.evaluate(() => document.querySelector('rs-app').store.columns.groups.length);
  const [before, from] = [threadTime(thread), await steps()];
  await page.evaluate(() => globalThis.bench.watch());
  await page.waitForTimeout(LIVE_SECONDS * 1000);
  const { work, intervals, tasks } = await page.evaluate(() => globalThis.bench.unwatch());
  const records = ((await steps()) - from) / LIVE_SECONDS;
  const cpu = (threadTime(thread) - before) / work.length;
  await page.close();
  await end(server);
  await end(writer);
  return { ...summaryOf(work, intervals), cpu, longest: Math.max(0, ...work, ...tasks), records };
}

function summaryOf(work, intervals) {
  return {
    median: quantile(work, 0.5),
    p99: quantile(work, 0.99),
    longest: Math.max(...work),
    interval: quantile(intervals, 0.5),
    intervalP99: quantile(intervals, 0.99),
  };
}

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/** What the page's scripts keep, in bytes, and how much its process has. */
async function memory(page) {
  const client = await page.context().newCDPSession(page);
  await client.send('HeapProfiler.enable');
  for (let i = 0; i < 2; i++) await client.send('HeapProfiler.collectGarbage');
  const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await client.send('Runtime.getHeapUsage');
  return {
    page: usedSize + embedderHeapUsedSize + backingStorageSize,
    process: residentBytes(await rendererOf(page)),
  };
}

function hostMemory(pid) {
  return { host: statusBytes(pid, 'VmRSS'), hostPeak: statusBytes(pid, 'VmHWM') };
}

function statusBytes(pid, field) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(text)[1]) * 1024;
}

function residentBytes(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)[1]) * 1024;
}

/** Milliseconds of CPU time that a process's main thread has used. */
function threadTime(pid) {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

/** The process that draws a page: the one that works while the page does. */
async function rendererOf(page) {
  const client = await browser.newBrowserCDPSession();
  const renderers = async () => {
    const { processInfo } = await client.send('SystemInfo.getProcessInfo');
    return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  };
  const ids = (await renderers()).filter((id) => {
    try {
      return readFileSync(`/proc/${id}/task/${id}/schedstat`);
    } catch {
      return false;
    }
  });
  const before = new Map(ids.map((id) => [id, threadTime(id)]));
  await page.evaluate((busy) => {
    const begun = performance.now();
    while (performance.now() - begun < busy);
  }, BUSY);
  await client.detach();
  return ids.sort((a, b) => threadTime(b) - before.get(b) - (threadTime(a) - before.get(a)))[0];
}

async function end(child) {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}
