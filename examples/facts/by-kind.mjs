/**
 * Accuracy before and after training by kind of problem, from runs that `rollscope export <run> --format jsonl --out
 * <file>` wrote. Several files are runs of the same configuration with other seeds: the range over them follows the mean.
 *
 * usage: node examples/facts/by-kind.mjs <file> ...
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const rowsOf = (file) => {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
};
const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

const problems = ['problems.jsonl', 'held-out.jsonl'].flatMap((name) => rowsOf(path.join(import.meta.dirname, name)));
const kindOf = new Map(problems.map(({ question, kind }) => [question, kind]));

const runs = process.argv.slice(2).map((file) => {
  const rows = rowsOf(file).filter(({ phase }) => phase === 'evaluation');
  const last = Math.max(...rows.map(({ step }) => step));
  return [0, last].map((step) => rows.filter((row) => row.step === step));
});
console.log('| kind | accuracy (avg@8) | majority correct | majority share |\n| --- | --- | --- | --- |');
for (const kind of [...new Set(kindOf.values()), null]) {
  const cells = [
    ({ correct }) => Number(correct === true),
    ({ verdict }) => Number(verdict === 'correct'),
    ({ majorityShare }) => majorityShare ?? 0,
  ].map((value) => {
    const [before, after] = [0, 1].map((time) =>
      runs.map((run) =>
        mean(run[time].filter((row) => kind === null || kindOf.get(row.problemText) === kind).map(value)),
      ),
    );
    return `${summary(before)} → ${summary(after)}`;
  });
  console.log(`| ${kind ?? 'all'} | ${cells.join(' | ')} |`);
}

/** The mean over runs, with its range where they differ. */
function summary(values) {
  const [lowest, highest] = [Math.min(...values).toFixed(2), Math.max(...values).toFixed(2)];
  return lowest === highest ? lowest : `${mean(values).toFixed(2)} (${lowest} to ${highest})`;
}
