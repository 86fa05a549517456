// `npm run bench -- panel` and `return`: the panel in a browser, and in a real VS Code.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from '../install.mjs';
import { bundle, mb, measure, median } from './measure.mjs';

/** What the panel's benchmark promises: of frames, the median and the 99th percentile of their work. */
const FRAME = { median: 16, p99: 50 };

/** Name in the results, title, most milliseconds. */
const PANEL_TIMES = [
  ['firstEver', 'first paint, for the first time', 10_000],
  ['first', 'first paint', 1000],
  ['back', 'the page loaded again, as in a moved panel', null],
  ['next', 'another rollout', null],
];

const PANEL_FRAMES = [
  ['scrub', 'scrubbing'],
  ['filter', 'filtering'],
  ['scrollList', 'scrolling the problems'],
  ['walk', 'a problem a frame'],
  ['scrollResponse', 'scrolling the response'],
  ['jump', 'over the map of the response'],
  ['shade', 'another shading a frame'],
];

/** The panel in headless Chromium, on runs that are written once and kept in `.cache`. */
export async function panel(values) {
  const writer = await bundle(path.join('panel', 'runs.ts'));
  const kept = path.join(root, '.cache', 'bench-panel');
  const measurer = path.join(root, 'tests', 'bench', 'panel', 'measure.mjs');
  const runs = [
    ['1,000 problems x 1,000 steps x 64 groups', 'steps', [1000, 1000, 64, 16], 'live'],
    ['10,000 problems x 1,000 steps x 300 groups', 'steps', [10_000, 1000, 300, 4]],
    ['one problem, 64 rollouts of 32,000 tokens', 'long', [64, 32_000]],
  ];
  for (const [what, kind, sizes, live = ''] of runs) {
    const run = path.join(kept, [kind, ...sizes].join('-'));
    if (!fs.existsSync(path.join(run, 'written'))) {
      spawnSync(process.execPath, [writer, kind, run, ...sizes.map(String)], { stdio: 'inherit' });
      fs.writeFileSync(path.join(run, 'written'), '');
    }
    const rounds = Array.from({ length: Number(values.rounds) }, () =>
      measure(process.execPath, [measurer, path.join(root, 'dist', 'cli.js'), writer, kind, run, live]),
    );
    printPanel(what, rounds);
  }
}

/** The panel of a real VS Code: from the click on its tab until it is painted with what arrived meanwhile. */
export async function returning() {
  const writer = await bundle(path.join('panel', 'runs.ts'));
  const sizes = ['1000', '1000', '64', '16'];
  const run = path.join(root, '.cache', 'bench-panel', ['steps', ...sizes].join('-'));
  if (!fs.existsSync(path.join(run, 'written'))) {
    spawnSync(process.execPath, [writer, 'steps', run, ...sizes], { stdio: 'inherit' });
    fs.writeFileSync(path.join(run, 'written'), '');
  }
  const env = { ...process.env, ROLLSCOPE_BENCH_RUN: run, ROLLSCOPE_BENCH_WRITER: writer };
  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
  spawnSync(process.execPath, [vitest, 'run', '--project', 'bench', '--disable-console-intercept'], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
}

function printPanel(what, rounds) {
  const of = (name) => median(rounds.map((round) => round[name]));
  const { interval, sorting } = of('reference');
  const { preferred } = rounds[0];
  console.log(
    `\n${what}. Load of the machine ${os.loadavg()[0].toFixed(0)}${preferred ? '; host and browser go first' : ''}. References: a frame of an empty page ${interval.toFixed(1)} ms, sorting 100,000 numbers ${sorting.toFixed(0)} ms`,
  );
  console.log('| what | measured | compared with a frame, or sorting | target |\n| --- | --- | --- | --- |');
  const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);
  const state = (isMet, target) => `${target}: ${isMet ? 'met' : 'missed'}`;
  const ms = (value) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
  for (const [name, title, most] of PANEL_TIMES) {
    if (!rounds[0][name]) continue;
    const { painted, cpu } = of(name);
    row(
      title,
      cpu ? `${ms(painted)}, CPU ${ms(cpu)}` : ms(painted),
      (painted / sorting).toFixed(1),
      most ? state(painted <= most, ms(most)) : '-',
    );
  }
  for (const [name, title] of PANEL_FRAMES) {
    if (!rounds[0][name]) continue;
    const { median: middle, p99, cpu } = of(name);
    const text = `median ${ms(middle)}, p99 ${ms(p99)}, CPU ${ms(cpu)}`;
    const isMet = middle <= FRAME.median && p99 <= FRAME.p99;
    row(title, text, `${(middle / interval).toFixed(2)}, ${(p99 / interval).toFixed(2)}`, state(isMet, '16, 50 ms'));
  }
  if (rounds[0].live) {
    const { longest, p99, records } = of('live');
    const text = `${records.toFixed(0)} groups/s, longest frame ${ms(longest)}, p99 ${ms(p99)}`;
    row('while it is written', text, (longest / interval).toFixed(2), state(longest <= FRAME.p99, '50 ms'));
  }
  const { page, process: whole, host, hostPeak } = of('memory');
  row('page', `${mb(page)} of scripts, ${mb(whole)} of its process`, '-', state(page <= 150 * 2 ** 20, '150 MB'));
  row('host', `${mb(host)}, at most ${mb(hostPeak)}`, '-', state(hostPeak <= 300 * 2 ** 20, '300 MB'));
}
