/**
 * docs/rewards.md and docs/experiments.md are written from the registries:
 * `npx vitest run --project unit tests/unit/reference-pages.test.ts -u` renews them.
 */
import path from 'node:path';
import { expect, test } from 'vitest';
import { optionOf, TRAIN_GROUPS } from '../../engine/cli/options.ts';
import { studies } from '../../engine/experiments/studies/index.ts';
import { REWARDS, RewardOptions } from '../../engine/protocol/index.ts';
import { type Reward, rewards } from '../../engine/reward/index.ts';
import { ROOT } from '../support/processes.ts';

const page = (name: string) => path.join(ROOT, 'docs', name);
const defaults = RewardOptions.parse({});

const REWARDS_OPENING = `# Rewards

Every reward that Rollscope knows, one pure function each (\`engine/reward\`), by the name that \`--reward\` and the setting
\`rollscope.reward\` take. This page is written from their registry. Rules that hold for all: an answer that cannot be
extracted never votes and never earns; one function grades votes, rewards and metrics; ties go to the answer that
reached its count first, by rollout; labels are shown only to the reward that is made of them.

A reward explains itself: the panel, the rollout in the editor and \`rollscope show latest --problem <id> --rollout <n>\`
say which tokens, cluster, vote or verdict its number comes from. \`rollscope rescore latest\` computes every reward that
stored rollouts suffice for, without the model. What a reward asks of the model or of programs beyond the rollouts is
stored with them.

## Sums and gates

\`--reward\` takes an expression: a weighted sum, or one reward gated by another.

\`\`\`sh
rollscope train --reward 'majority-vote + 0.1*trajectory-entropy'
rollscope train --reward 'self-certainty if majority-vote'          # where the gate is above 0.5
rollscope train --reward 'probability if empo > 0.6'
\`\`\`

A sum adds the rewards as they are, each in its own unit. A closed gate gives 0, or the group's least reward where the
gated one is below 0: being shut out is never worth more than being let in.
`;

const FAMILIES = {
  ensemble: 'Ensemble: the model agrees with itself',
  certainty: 'Certainty: the model is sure of its tokens',
  external: 'External: something outside the model decides',
} as const;

function section(reward: Reward): string {
  const { required = [], optional = [] } = reward.columns?.(defaults) ?? {};
  const columns = [
    ...required.map((name) => `\`${name}\``),
    ...optional.map((name) => (name === '*' ? 'all, handed on' : `\`${name}\` (where there)`)),
  ];
  const range = reward.range.map((x) => (Number.isFinite(x) ? String(x) : x > 0 ? 'infinity' : '-infinity'));
  const rows = [
    ['formula', reward.formula],
    ['tokens', reward.tokens],
    ['temperature', reward.temperature],
    ['shift', reward.shift],
    ['normalisation', reward.normalisation],
    ['range', range.join(' to ')],
    ['labels', reward.labels ? 'needed' : 'never seen'],
    ...(columns.length > 0 ? [['columns', columns.join(', ')]] : []),
    ...(reward.evidence ? [['asks beyond the rollouts', asks(reward)]] : []),
    ['source', reward.source],
  ];
  const options = TRAIN_GROUPS.flatMap((group) => group.options).filter(({ help }) =>
    help.startsWith(`${reward.name}: `),
  );
  const table = rows.map(([name, value]) => `| ${name} | ${value!.replaceAll('|', '\\|')} |`).join('\n');
  const settings = options.map(
    ({ flags, path: field, help }) =>
      `- \`${flags.split(' ')[0]}\` (\`${field}\`): ${help.slice(reward.name.length + 2)}`,
  );
  return [
    `### ${reward.title}`,
    `\`${reward.name}\`${reward.setup ? `. ${reward.setup}` : ''}`,
    `| | |\n| --- | --- |\n${table}`,
    ...(settings.length > 0 ? [settings.join('\n')] : []),
  ].join('\n\n');
}

function asks(reward: Reward): string {
  const always = reward.evidence?.(defaults);
  if (reward.executes) return 'runs programs, only with `--allow-programs` or in a trusted workspace';
  return always === null ? 'with some of its options, the model' : 'the model';
}

test('docs/rewards.md is what the registry says', async () => {
  const parts = Object.entries(FAMILIES).map(([family, title]) =>
    [`## ${title}`, ...rewards.filter((reward) => reward.family === family).map(section)].join('\n\n'),
  );
  const own = 'How to write a reward of your own is on [a page of its own](custom-reward.md).\n';
  await expect([REWARDS_OPENING, parts.join('\n\n'), '', own].join('\n')).toMatchFileSnapshot(page('rewards.md'));
  expect(parts.join('').match(/^### /gm)).toHaveLength(REWARDS.length);
});

test('every setting of a reward has an option, or a field that the configuration file takes', () => {
  const named = TRAIN_GROUPS.flatMap((group) => group.options).map(({ path: field }) => field);
  for (const field of named.filter((name) => name.startsWith('rewardOptions.'))) {
    expect(optionOf(field), field).toMatch(/^--/);
    const value = field
      .split('.')
      .slice(1)
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], defaults);
    expect(value, field).toBeDefined();
  }
});

const EXPERIMENTS_OPENING = `# Experiments

The paper's findings (arXiv 2603.08660) as studies that anyone can rerun: \`rollscope experiment <name>\`, or **Rollscope:
Run Experiment** from the command palette. A study is a set of ordinary runs in one folder. The same command goes on with
it after an interruption, and ends with one self-contained HTML report: plots, tables, and a verdict that is computed
from criteria which the report lists with the numbers that decided. *Reproduced*: all criteria are met; *partly*: some
are; *not*: none is.

Without a dataset and with an embedded model a study runs on the embedded world at its default size, within about 15
minutes on two cores. With a dataset or another model (\`rollscope experiment <name> problems.jsonl --model <model>\`) it
takes these, and all options of \`rollscope train\` go over its own settings. \`--seeds\` repeats each run; intervals are
95%. The report also says how the [collapse watch and the forecast](metrics.md) did over the study's runs.
[results.md](results.md) tells what came out.

This page is written from the registry of studies (\`engine/experiments/studies\`).
`;

test('docs/experiments.md is what the registry says', async () => {
  const parts = studies.map((study) => {
    const { model, steps, batch, optimizer } = study.defaults;
    const size = [
      `model \`${model ?? 'embedded'}\``,
      ...(steps === undefined ? [] : [`${steps} steps`]),
      ...(batch === undefined ? [] : [`${batch} problems a step`]),
      ...(optimizer?.lr === undefined ? [] : [`rate ${optimizer.lr}`]),
      `${study.seeds} ${study.seeds === 1 ? 'seed' : 'seeds'}`,
      `about ${study.minutes} minutes`,
    ];
    return [
      `## ${study.title}`,
      `\`rollscope experiment ${study.name}\``,
      study.question,
      `**In the paper.** ${study.finding}`,
      `**Here.** ${study.method}`,
      `**Default size.** ${size.join(', ')}.`,
    ].join('\n\n');
  });
  await expect([EXPERIMENTS_OPENING, parts.join('\n\n'), ''].join('\n')).toMatchFileSnapshot(page('experiments.md'));
});
