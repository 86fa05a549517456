/** Unknown options: which ones are meant, by the parts of their names and by what the help says of them. */
import { describe, expect, test } from 'vitest';
import { job } from '../../engine/cli/catalog/runs.ts';
import { nearOptions } from '../../engine/cli/near-options.ts';
import { createProgram } from '../../engine/cli/program.ts';
import type { Refusal } from '../../engine/config/refusals.ts';
import { TRL_JOB_REFUSALS } from '../../engine/jobs/trl-refusals.ts';
import { VERL_REFUSALS } from '../../engine/jobs/verl-refusals.ts';

const optionsOf = (name: string) =>
  createProgram(() => {}).commands.find((command) => command.name() === name)!.options;

describe('an unknown option', () => {
  const train = optionsOf('train');

  test.each([
    ['--adapter-rank', ['--lora']],
    ['--adapter_rank=8', ['--lora']],
    ['--eval-problems', ['--eval-dataset', '--eval-samples', '--eval-limit']],
    ['--save-every', ['--checkpoint-every']],
    ['--model-path', ['--model-name-or-path']],
    ['--maxAnswerTokens', ['--max-tokens']],
  ])('%s suggests one of %j', (wanted, flags) => {
    expect(nearOptions(wanted, train)).toMatchObject({ flags });
  });

  test('whose every part is found needs no further check', () => {
    expect(nearOptions('--adapter-rank', train).whole).toBe(true);
    expect(nearOptions('--gradient-quantile-clip', train)).toMatchObject({ flags: ['--grad-clip'], whole: false });
  });

  test.each(['--foo', '--n', '--', '--max', '--xyz-of-the-field'])('%s suggests nothing', (wanted) => {
    expect(nearOptions(wanted, train)).toEqual({ flags: [], whole: false });
  });
});

test('the help of job omits what both trainers always refuse, and says what one of them refuses', () => {
  const never = (refusals: readonly Refusal[]) =>
    refusals.filter(({ path, hint }) => /leave it out/i.test(hint) && !/^engine\./.test(path)).map(({ path }) => path);
  const [trl, verl] = [new Set(never(TRL_JOB_REFUSALS)), new Set(never(VERL_REFUSALS))];
  // With TRL, a mini-batch may be as large as the batch.
  trl.delete('loss.miniBatch');
  // Refused as the same thing with another hint.
  verl.delete('evaluation.greedy');
  trl.delete('evaluation.greedy');
  const both = [...trl].filter((path) => verl.has(path));
  expect([...job.refused!].sort()).toEqual(both.sort());
  const one = [...trl, ...verl].filter((path) => !both.includes(path));
  const remarked = Object.keys(job.remarks!).map((path) => path.replace(/\.path$/, ''));
  expect(remarked.sort()).toEqual([...new Set(one)].sort());
  const hidden = optionsOf('job').filter((option) => option.hidden);
  expect(hidden.map(({ long }) => long)).toEqual(expect.arrayContaining(['--device', '--threads', '--memory']));
});
