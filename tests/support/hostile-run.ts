/**
 * A run and a dataset of an attacker who targets those who view them: every text contains terminal escapes, bidirectional
 * overrides and invisible characters, and tries to break out of Markdown, HTML, icons and tables.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoggedProblems } from '../../engine/importers/problems.ts';
import { ImportedRun } from '../../engine/importers/run.ts';
import { writeGroup } from './import.ts';

/** Characters that no surface may show. */
export const RAW = /(?![\n\t])[\p{Cc}\p{DI}\p{Cs}\p{Zl}\p{Zp}]/u;

/** A text that misleads terminals, bidirectional text layout and human readers. */
export function hostile(name: string): string {
  return `${name}\x1b]0;owned\x07\x1b]52;c;bHM=\x1b\\\x1b[2J\u009b31m\rover\b\u202egnp\u2066x\u2069\u200b\u{e0041}\x7f\ud800`;
}

/** The same plus syntax that breaks out of Markdown, HTML, icons, notifications and tables. */
export function breaking(name: string): string {
  return `${hostile(name)} a\\|b | ![i](http://h/x) [go](command:workbench.action.quit) <img src=x onerror=go()> \`c\` $(trash) &lt;"'`;
}

const PROBLEM = {
  id: breaking('id'),
  text: `${breaking('What is 2 + 3?')}\nerror: ${breaking('forged')}`,
};

/** A foreign run with such texts in every field that a trainer can write. */
export async function writeHostileRun(folder: string): Promise<void> {
  const logged = new LoggedProblems();
  const source = `/data/${hostile('sums')}.jsonl`;
  logged.register({ ...PROBLEM, prompt: PROBLEM.text, label: breaking('5'), source, line: 1 });
  logged.register({ id: 'plain', prompt: 'What is 1 + 1?', label: '2', source, line: 2 });
  const answers = [breaking('5'), breaking('5'), 'a\\|b', null];
  const rollouts = answers.map((answer, i) => ({
    text: `${breaking('So')}\n\\boxed{5}`,
    answer,
    reward: i % 2,
    rewards: { [breaking('reward')]: i % 2 },
    advantage: i % 2 ? 0.5 : -0.5,
    foreign: { [breaking('value')]: breaking('said') },
    finish: 'stop' as const,
    tokenTexts: ['So', breaking('token'), '\u200d', ' 5'],
    ids: Int32Array.of(1, 2, 3, 4),
  }));
  const run = await ImportedRun.create(
    folder,
    {
      origin: { engine: breaking('TRL'), version: breaking('1'), files: [hostile('completions')] },
      run: {
        job: 'imported',
        model: hostile('model'),
        dataset: source,
        reward: breaking('accuracy'),
        steps: 2,
        settings: { [breaking('setting')]: breaking('value') },
      },
      created: new Date(Date.UTC(2026, 10, 20, 8)),
    },
    logged,
  );
  for (const step of [1, 2]) {
    for (const problem of [0, 1]) writeGroup(run, logged, { phase: 'train', step, problem }, rollouts);
    run.step(step);
    run.metrics({ step, values: { loss: 0.1, [breaking('metric')]: step } });
  }
  writeGroup(run, logged, { phase: 'evaluation', step: 2, problem: 0 }, rollouts);
  run.evaluation(2);
  await run.end('completed');
  // No importer knows the device, but a folder may name anything.
  const events = join(folder, 'events.jsonl');
  const device = `"device":${JSON.stringify(hostile('cpu'))}`;
  writeFileSync(
    events,
    readFileSync(events, 'utf8').replace('"device":null', () => device),
  );
  warnIn(folder);
}

/** Adds a warning, and the error that ended the run, to its events. */
export function warnIn(folder: string): void {
  const file = join(folder, 'events.jsonl');
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const end = JSON.parse(lines.pop()!) as { seq: number; time: string; step: number };
  const { seq, time, step } = end;
  const records = [
    { seq, time, type: 'warning', code: 'model', step: null, problem: null, message: breaking('warning') },
    { seq: seq + 1, time, type: 'warning', code: 'collapse', step: 2, problem: null, message: breaking('alarm') },
    {
      seq: seq + 2,
      time,
      type: 'end',
      reason: 'failed',
      step,
      error: { code: 'internal', message: breaking('failure'), hint: breaking('remedy') },
    },
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  for (const record of records) appendFileSync(file, `${JSON.stringify(record)}\n`);
}

/** A dataset of such problems, as JSON Lines. */
export function hostileDataset(): string {
  return [0, 1]
    .map((i) => `${JSON.stringify({ ...PROBLEM, id: `${PROBLEM.id}${i}`, answer: breaking('5') })}\n`)
    .join('');
}
