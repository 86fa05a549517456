// `npm run bench -- grading`: our grader and Math-Verify.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fail, root } from '../install.mjs';
import { bundle, hasModules, inTemporaryFolder, measure, median } from './measure.mjs';

/** The longest that each reader of a text takes for a megabyte, whatever it says: a slow core is half as fast as the aim. */
export async function longest() {
  const program = await bundle('long-texts.ts');
  const { worst } = measure(process.execPath, [program, 1_000_000, 25]);
  console.log('\n| reader of 1 MB | longest (target 25 ms) | text |\n| --- | --- | --- |');
  for (const { name, milliseconds, text } of worst)
    console.log(`| ${name} | ${milliseconds.toFixed(1)} ms | \`${text.replaceAll('|', '\\|')}\` |`);
}

/** Grades published GSM8K solutions and rewritten references of MATH: our grader and Math-Verify. */
export async function grading(values) {
  if (!fs.existsSync(values.datasets)) fail(`${values.datasets} does not exist. Choose a folder with --datasets.`);
  const grader = await bundle('grading.ts');
  await inTemporaryFolder(async (folder) => {
    const file = path.join(folder, 'pairs.json');
    const made = spawnSync(process.execPath, [grader, 'pairs', values.datasets, file], { encoding: 'utf8' });
    if (made.status !== 0) fail(`The pairs could not be written:\n${made.stderr.slice(-3000)}`);
    const pairs = JSON.parse(fs.readFileSync(file, 'utf8'));
    const peer = path.join(root, 'tests', 'bench', 'peers', 'grading.py');
    const sides = { Rollscope: [process.execPath, [grader, 'grade', file]] };
    if (hasModules(values.python, 'math_verify')) sides['Math-Verify'] = [values.python, [peer, file]];
    else console.log(`${values.python} cannot import math_verify: no peer, no ratio.`);
    const results = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round++)
      for (const [name, side] of Object.entries(sides)) results[name].push(measure(...side));
    const speeds = Object.values(results).map((rounds) => pairs.length / median(rounds).seconds);
    console.log(`\n| grading, ${pairs.length} pairs | pairs/s | disagreements with labels |\n| --- | --- | --- |`);
    Object.entries(results).forEach(([name, [{ verdicts }]], i) => {
      const wrong = pairs.filter(({ right }, j) => (verdicts[j] === '1') !== right).length;
      console.log(`| ${name} | ${speeds[i].toFixed(0)} | ${wrong} |`);
    });
    if (speeds.length < 2) return;
    const [ours, theirs] = Object.values(results).map(([{ verdicts }]) => verdicts);
    const apart = pairs.filter((_, j) => ours[j] !== theirs[j]).length;
    const ratio = speeds[0] / speeds[1];
    console.log(`\nSpeed ${ratio.toFixed(1)} (target 1.0: ${ratio >= 1 ? 'met' : 'missed'}), ${apart} disagreements`);
  });
}
