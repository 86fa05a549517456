/** Commands that grade answers and take votes, line by line. */
import type { CommandDefinition, CommandOption } from './define.ts';

const STRICT: CommandOption = {
  flags: '--strict',
  help: 'accept marked answers only (\\boxed{x}, #### x, the answer is x), as training does',
};

/** As `--answer` and `--compare` of runs. */
export const ANSWERS: readonly CommandOption[] = [
  {
    flags: '--answer <rule>',
    help: 'where the answer stands: auto, boxed, hash, tag:<name>, choice:<letters>, last-number, last-line, last-sentence, regex:<pattern> (its first group), whole',
  },
  {
    flags: '--compare <how>',
    help: 'when two answers are equal: as mathematics (default), words, numbers, letters of choices, or sets of items',
    choices: ['math', 'text', 'number', 'choice', 'set'],
  },
];

export const grade: CommandDefinition = {
  name: 'grade',
  group: 'Answers',
  summary: 'grade pairs of texts: whether their answers are equal',
  arguments: [
    {
      text: '<pairs>',
      help: 'file with lines {"prediction": text, "reference": text or list}, or what export wrote (JSONL or Parquet); \'-\' reads stdin',
    },
  ],
  sections: [
    {
      title: '',
      options: [
        STRICT,
        ...ANSWERS,
        { flags: '--percent', help: '0.5 equals 50% even if the reference has no percent sign' },
      ],
    },
  ],
  json: true,
  examples: [
    ['rollscope grade pairs.jsonl', ''],
    [`echo '{"prediction":"\\\\boxed{1/2}","reference":"0.5"}' | rollscope grade -`, ''],
  ],
  notes: `Each line is answered by {"equal": true|false, "extracted": text|null}, a rollout of an export also by {"id", "step", "phase",
"rollout"}, a bad one by {"error": text, "line": n}; then the
exit code is 2. Blank lines are skipped. With --json a last line {"lines", "equal", "errors"} follows.`,
  load: async () => (await import('../commands/grade.ts')).grade,
};

export const vote: CommandDefinition = {
  name: 'vote',
  group: 'Answers',
  summary: 'cluster the responses to each problem by answer and take the vote',
  arguments: [
    {
      text: '<rollouts>',
      help: `file with lines {"id", "responses": [text...], "answer"?}, or what export wrote (JSONL or Parquet); '-' reads stdin`,
    },
  ],
  sections: [{ title: '', options: [STRICT, ...ANSWERS] }],
  json: true,
  examples: [
    ['rollscope vote rollouts.jsonl', ''],
    ['rollscope vote rollouts.jsonl --answer choice:A-D --compare choice', 'letters of choices'],
  ],
  notes: `Each line is answered by {"id", "majority", "share", "clusters", "correct"?}, a bad one by {"error": text, "line": n}; then
the exit code is 2. The members of a cluster are responses, counted from 1. The rollouts of an export vote by problem, step and phase. A response without an answer does not vote, but counts in the denominator of the share. Blank lines are skipped.
With --json a last line {"lines", "labeled", "correct", "errors"} follows.`,
  load: async () => (await import('../commands/vote.ts')).vote,
};
