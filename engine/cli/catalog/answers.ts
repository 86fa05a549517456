/** Commands that grade answers and take votes, line by line. */
import { SCORE_TOPICS } from '../../config/settings.ts';
import { CONFIG, type CommandDefinition, type CommandOption } from './define.ts';

const STRICT: CommandOption = {
  flags: '--strict',
  help: 'accept marked answers only (\\boxed{x}, #### x, the answer is x), as training does',
};

/** Like `--answer` and `--compare` of runs. */
export const ANSWERS: readonly CommandOption[] = [
  {
    flags: '--answer <rule>',
    help: 'where the answer is: auto, boxed, hash, tag:<name>, choice:<letters>, last-number, last-line, last-sentence, regex:<pattern> (its first group), whole',
  },
  {
    flags: '--compare <how>',
    help: 'when two answers are equal: math (default; 1/2 equals 0.5), text (as words), number, choice (letters) or set (items in any order)',
    choices: ['math', 'text', 'number', 'choice', 'set'],
  },
];

export const grade: CommandDefinition = {
  name: 'grade',
  category: 'Answers',
  summary: 'compare the answers in pairs of texts',
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
  notes: `Each input line yields one output line: {"equal": true|false, "extracted": text|null}, for a rollout of an export also "id", "step", "phase" and "rollout"; for an invalid line {"error": text, "line": n}, and the exit code is then 2. Blank lines are skipped. With --json, a last line {"lines", "equal", "errors"} follows.`,
  load: async () => (await import('../commands/grade.ts')).grade,
};

export const vote: CommandDefinition = {
  name: 'vote',
  category: 'Answers',
  summary: 'cluster the responses to each problem by answer, and take a majority vote',
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
  notes: `Each input line yields one output line: {"id", "majority", "share", "clusters", "correct"?}; for an invalid line {"error": text, "line": n}, and the exit code is then 2. The members of a cluster are responses, counted from 1. The rollouts of an export vote by problem, step and phase. A response without an answer does not vote, but counts in the denominator of the share. Blank lines are skipped. With --json, a last line {"lines", "labeled", "correct", "errors"} follows.`,
  load: async () => (await import('../commands/vote.ts')).vote,
};

export const score: CommandDefinition = {
  name: 'score',
  category: 'Answers',
  summary: 'compute the rewards of groups of responses, for other programs: one line in, one line out',
  arguments: [
    {
      text: '<groups>',
      help: 'file with lines {"id"?, "problem"?, "step"?, "responses": [text or object...]}; \'-\' reads stdin',
    },
  ],
  settings: SCORE_TOPICS,
  sections: [
    {
      title: 'Run',
      options: [
        { flags: '--run <run>', help: "use this run's reward, answer rules and problems" },
        {
          flags: '--vocabulary <n>',
          help: "size of the model's vocabulary, which some rewards need (default: the run's)",
        },
        CONFIG,
      ],
    },
  ],
  json: true,
  examples: [
    [`echo '{"responses":["\\\\boxed{3}","\\\\boxed{3}","\\\\boxed{4}"]}' | rollscope score -`, ''],
    ['rollscope score - --reward self-certainty --vocabulary 151936', 'responses with token statistics'],
  ],
  notes: `A problem is {"text"?, "answer"?, "columns"?}, or with --run its index from 0. A response is a string, or {"text", "finish"?, "ids"?, "tokenTexts"?, "logprob"?, "entropy"?, "logsumexp"?, "meanLogit"?, "top1"?, "top2"?} with one number per token: see docs/trl.md.
Each input line yields one output line, written before the next line is read: {"id"?, "problem"?, "step"?, "rewards", "components"?, "skip"?, "majority", "share", "tied"?, "answers", "clusters", "explanations", "evidence"?}; for an invalid line {"error": text}, and the exit code is then 2. The members of a cluster are responses, counted from 1. Rewards that query the model beyond the problems are refused. With --json, a last line {"lines", "errors"} follows.`,
  load: async () => (await import('../commands/score.ts')).score,
};
