/** docs/rewards.md, from the rewards' own files. */
import { defaultText } from '../../engine/config/defaults.ts';
import { SETTINGS } from '../../engine/config/settings.ts';
import { defaultOptions, needsEvidence, type Reward, rewards } from '../../engine/reward/index.ts';
import { code, escaped } from './markdown.ts';

const OPENING = `# Rewards

All rewards of Rollscope, each a pure function (\`engine/reward\`), under the names that \`--reward\` and the setting
\`rollscope.reward\` accept. They have in common that a response without an extracted answer is excluded from the vote and
gets reward 0; that the same function grades votes, rewards and metrics; that ties go to the answer that reached its count
first, in rollout order; and that only rewards made of labels see them.

Rewards explain themselves: the panel, the rollout in the editor and \`rollscope show latest --problem <id> --rollout <n>\`
show which tokens, cluster, vote or judgment the number comes from. \`rollscope rescore latest\` computes every reward that
needs only what is stored, without the model. Model calls and program results that a reward needs in addition to the
rollouts are stored with them.

This page is generated (\`npm run generate\`) from the rewards' own files.

## Sums and gates

\`--reward\` takes an expression: a weighted sum, or one reward gated by another.

\`\`\`sh
rollscope train --reward 'majority-vote + 0.1*trajectory-entropy'
rollscope train --reward 'self-certainty if majority-vote'          # where the gate is above 0.5
rollscope train --reward 'probability if empo > 0.6'
\`\`\`

A sum adds the rewards as they are, each in its own unit. A closed gate gives 0, or the group's smallest reward where
the gated reward is below 0: a closed gate never pays more than an open one.
`;

const FAMILIES = {
  ensemble: 'Ensemble: the model agrees with itself',
  certainty: 'Certainty: the model is confident in its tokens',
  external: 'External: something outside the model decides',
} as const;

export function rewardsPage(): string {
  const parts = Object.entries(FAMILIES).map(([family, title]) =>
    [`## ${title}`, ...rewards.filter((reward) => reward.family === family).map(section)].join('\n\n'),
  );
  const own = 'How to write a reward of your own: [custom-reward.md](custom-reward.md).\n';
  return [OPENING, parts.join('\n\n'), '', own].join('\n');
}

function section(reward: Reward): string {
  const { required = [], optional = [] } = reward.columns?.(defaultOptions(reward)) ?? {};
  const columns = [
    ...required.map((name) => `\`${name}\``),
    ...optional.map((name) => (name === '*' ? 'all, passed on' : `\`${name}\` (optional)`)),
  ];
  const range = reward.range.map((x) => (Number.isFinite(x) ? String(x) : x > 0 ? 'infinity' : '-infinity'));
  const rows = [
    ['formula', reward.formula],
    ['tokens', reward.tokens],
    ['temperature', reward.temperature],
    ['shift', reward.shift],
    ['normalization', reward.normalization],
    ['range', range.join(' to ')],
    ['measures', reward.scale === 'correctness' ? 'correctness' : 'a degree, such as confidence'],
    ['labels', reward.labels ? 'needed' : 'label-free'],
    ...(columns.length > 0 ? [['columns', columns.join(', ')]] : []),
    ...(reward.evidence ? [['needs beyond the rollouts', needs(reward)]] : []),
    ['source', reward.source],
  ];
  const table = rows.map(([name, value]) => `| ${name} | ${value!.replaceAll('|', '\\|')} |`).join('\n');
  const options = SETTINGS.filter((placed) => placed.reward === reward.name && placed.setting.flag).map((placed) => {
    const value = defaultText(placed, code);
    const help = escaped(placed.setting.help);
    return `- ${code(placed.setting.flag!)} (${code(placed.path)}): ${help}${value === null ? '' : `; default: ${escaped(value)}`}`;
  });
  return [
    `### ${reward.title}`,
    `\`${reward.name}\`. ${reward.summary}`,
    ...(reward.setup ? [reward.setup] : []),
    `| | |\n| --- | --- |\n${table}`,
    ...(options.length > 0 ? [options.join('\n')] : []),
  ].join('\n\n');
}

function needs(reward: Reward): string {
  const always = needsEvidence(reward, defaultOptions(reward));
  if (reward.executes) return 'programs, which run only with `--allow-programs` or in a trusted workspace';
  return always ? 'model calls' : 'model calls, with some of its options';
}
