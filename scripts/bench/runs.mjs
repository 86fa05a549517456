// `npm run bench -- runs` and `list`: opening a large run, and listing many.
import fs from 'node:fs';
import path from 'node:path';
import { bundle, inTemporaryFolder, mb, measure, median } from './measure.mjs';

/** Opens a run of 64,000 groups and a million rollouts: from its index, for the first time, and by reading all records. */
export async function largeRun(values) {
  const reader = await bundle('runs.ts');
  await inTemporaryFolder(async (folder) => {
    const run = path.join(folder, 'large');
    const { journal } = measure(process.execPath, [reader, 'generate', run, 1000, 1000, 64, 16]);
    const kinds = ['everything', 'first', 'index', 'page'];
    const results = Object.fromEntries(kinds.map((kind) => [kind, []]));
    for (let round = 0; round < Number(values.rounds); round++)
      for (const kind of kinds) results[kind].push(measure(process.execPath, [reader, kind, run]));
    const [all, first, index, page] = kinds.map((kind) => median(results[kind]));
    console.log(`\nA run of 1,000 problems, 1,000 steps and 1,024,000 rollouts; journal ${mb(journal)}`);
    console.log('| opened | time | memory | compared with all records |\n| --- | --- | --- | --- |');
    const row = (name, { seconds, bytes }, target) =>
      console.log(
        `| ${name} | ${seconds.toFixed(2)} s${target ? ` (target ${target}: ${seconds <= target ? 'met' : 'missed'})` : ''} | ${mb(bytes)} | ${(all.seconds / seconds).toFixed(1)} times as fast, ${((100 * bytes) / all.bytes).toFixed(0)}% of the memory |`,
      );
    row('all records, read and folded', all);
    row('for the first time', first, 10);
    row('from the index', index, 1);
    const huge = path.join(folder, 'huge');
    const { journal: size } = measure(process.execPath, [reader, 'journal', huge, 1000, values.megabytes]);
    console.log(`\nA journal of ${mb(size)}, of runs without rollouts\n| opened | time | CPU time | memory | index |`);
    console.log('| --- | --- | --- | --- | --- |');
    for (const [kind, name] of [
      ['first', 'for the first time'],
      ['index', 'from the index'],
    ]) {
      const { seconds, cpu, bytes, index } = measure(process.execPath, [reader, kind, huge]);
      console.log(
        `| ${name} | ${seconds.toFixed(1)} s | ${cpu.toFixed(1)} s | ${mb(bytes)} | ${index ? mb(index) : '-'} |`,
      );
    }
    console.log(
      `\nThe panel: ${page.copy.toFixed(0)} ms to copy the columns, ${page.views.toFixed(0)} ms to view all problems`,
    );
  });
}

/** Lists 10,000 runs: the page that is shown at first and all of them, for the first time and again from what was kept. */
export async function manyRuns(values) {
  const program = await bundle('runs.ts');
  await inTemporaryFolder(async (folder) => {
    const runs = path.join(folder, 'runs');
    const env = { ...process.env, ROLLSCOPE_CACHE: path.join(folder, 'cache') };
    const found = { page: [], all: [] };
    const seconds = (value) => `${value.toFixed(2)} s`;
    const met = (value) => (value <= 1 ? 'met' : 'missed');
    measure(process.execPath, [program, 'copies', runs, 10_000]);
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [what, args] of [
        ['page', ['newest', runs, 100]],
        ['all', ['list', runs]],
      ]) {
        fs.rmSync(env.ROLLSCOPE_CACHE, { recursive: true, force: true });
        const [first, again] = [1, 2].map(() => measure(process.execPath, [program, ...args], env));
        found[what].push({ first, again });
      }
    }
    for (const [what, title] of [
      ['page', 'The newest 100 of 10,000 runs'],
      ['all', 'All of 10,000 runs'],
    ]) {
      const [first, again] = ['first', 'again'].map((name) => median(found[what].map((one) => one[name])));
      console.log(
        `\n${title}: first ${seconds(first.seconds)}, again ${seconds(again.seconds)} (target 1 s: ${met(first.seconds)} and ${met(again.seconds)}; CPU ${seconds(first.cpu)} and ${seconds(again.cpu)}); ${mb(again.bytes)}`,
      );
    }
  });
}
