/** Groups of tinker-cookbook whose environments take several turns: the turns of a trajectory are found among those of all. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readGroup } from '../../engine/journal/groups.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { importFrom } from '../support/import.ts';
import { temporaryFolder } from '../support/processes.ts';

type Turn = { role: string; content: string };
interface Said {
  prompt: Turn[];
  response: string;
  reward?: string;
}

const user = (content: string): Turn => ({ role: 'user', content });
const assistant = (content: string): Turn => ({ role: 'assistant', content });
const tool = (content: string): Turn => ({ role: 'tool', content });

/** As logtree writes them (`tests/fixtures/dumps/tinker-cookbook-0.6.1`). */
const section = (title: string, ...children: object[]) => ({
  tag: 'section',
  children: [
    { tag: 'h3', children: [title] },
    { tag: 'div', children },
  ],
});
const chat = (messages: Turn[]) => ({ tag: 'div', attrs: {}, data: { type: 'conversation', messages }, children: [] });
const table = (rows: Record<string, string>) => ({
  tag: 'table',
  children: Object.entries(rows).map(([name, value]) => ({
    tag: 'tr',
    children: [name, value].map((text) => ({ tag: 'td', children: [text] })),
  })),
});

function page(said: readonly Said[], turns: readonly (readonly [number, number, number])[][]): object {
  const logged = said.flatMap(({ prompt, response, reward }) => [
    section('Prompt', chat(prompt)),
    section('Policy Response', chat([assistant(response)])),
    ...(reward === undefined ? [] : [section('Reward', table({ reference_answer: '5', reward }))]),
  ]);
  const details = turns.map((steps, i) =>
    section(
      `Trajectory ${i} Episode`,
      ...steps.map(([ob, ac, reward], turn) =>
        section(`Turn ${turn}`, table({ ob_len: `${ob}`, ac_len: `${ac}`, step_reward: reward.toFixed(3) })),
      ),
    ),
  );
  const group = section('Group Rollout', ...logged, section('Trajectory Details', ...details));
  return { root: { tag: 'body', children: [group] } };
}

function writeLog(said: readonly Said[], turns: readonly (readonly [number, number, number])[][]): string {
  const log = path.join(temporaryFolder(), 'log');
  const folder = path.join(log, 'iteration_000000');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'train_logtree.json'), JSON.stringify(page(said, turns)));
  const rows = turns.map((steps, traj_idx) => ({
    ...{ group_idx: 0, traj_idx, total_reward: steps.reduce((sum, [, , reward]) => sum + reward, 0) },
    steps: steps.map(([ob_len, ac_len, reward], step_idx) => ({ step_idx, ob_len, ac_len, reward, metrics: {} })),
  }));
  writeFileSync(
    path.join(folder, 'train_rollout_summaries.jsonl'),
    rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  );
  return log;
}

async function rolloutsOf(log: string) {
  const folder = path.join(temporaryFolder(), 'run');
  const report = await importFrom(log, folder);
  const { records } = await readRunFolder(folder);
  const [group] = records.flatMap((record) => (record.type === 'group' ? [record] : []));
  return { report, rollouts: group ? (await readGroup(folder, group)).rollouts : [] };
}

const ASK = [user('What is 2 + 3? You may use the tool.')];

test('turns that were logged in order of completion are joined by what each prompt continues', async () => {
  const one = [...ASK, assistant('calc(2+3)'), tool('5')];
  const other = [...ASK, assistant('calc(2*3)'), tool('6')];
  const again = [...other, assistant('calc(2+3)'), tool('5')];
  const log = writeLog(
    [
      { prompt: ASK, response: 'calc(2*3)' },
      { prompt: ASK, response: 'calc(2+3)' },
      { prompt: other, response: 'calc(2+3)' },
      { prompt: one, response: 'It is \\boxed{5}', reward: '1.000' },
      { prompt: ASK, response: 'At once: \\boxed{7}', reward: '-0.100' },
      { prompt: again, response: 'So \\boxed{5}', reward: '0.500' },
    ],
    [
      [
        [10, 4, 0],
        [20, 6, 1],
      ],
      [
        [10, 5, 0],
        [21, 5, 0],
        [30, 7, 0.5],
      ],
      [[10, 9, -0.1]],
    ],
  );
  const { report, rollouts } = await rolloutsOf(log);
  expect(report).toMatchObject({ rollouts: 3, groups: 1, faults: 0 });
  const found = rollouts.map(({ text, answer, reward, tokens }) => ({ text, answer, reward, tokens }));
  expect(found.toSorted((a, b) => a.text.length - b.text.length)).toEqual([
    { text: 'At once: \\boxed{7}', answer: '7', reward: -0.1, tokens: 9 },
    {
      ...{ answer: '5', reward: 1, tokens: 10 },
      text: 'assistant: calc(2+3)\n\ntool: 5\n\nassistant: It is \\boxed{5}',
    },
    {
      ...{ answer: '5', reward: 0.5, tokens: 17 },
      text: 'assistant: calc(2*3)\n\ntool: 6\n\nassistant: calc(2+3)\n\ntool: 5\n\nassistant: So \\boxed{5}',
    },
  ]);
});

test('of trajectories with the same beginning each is continued once', async () => {
  const first = [...ASK, assistant('calc(2+3)'), tool('5')];
  const { report, rollouts } = await rolloutsOf(
    writeLog(
      [
        { prompt: ASK, response: 'calc(2+3)', reward: '0.250' },
        { prompt: ASK, response: 'calc(2+3)', reward: '0.250' },
        { prompt: first, response: '\\boxed{5}', reward: '1.000' },
        { prompt: first, response: '\\boxed{6}', reward: '0.000' },
      ],
      [1, 0].map((reward) => [
        [10, 4, 0.25],
        [20, 6, reward],
      ]),
    ),
  );
  expect(report).toMatchObject({ rollouts: 2, faults: 0 });
  expect(rollouts.map(({ answer, reward }) => [answer, reward]).toSorted()).toEqual([
    ['5', 1.25],
    ['6', 0.25],
  ]);
});

test('turns without a known predecessor are counted and reported', async () => {
  const log = writeLog(
    [
      { prompt: ASK, response: 'calc(2+3)' },
      { prompt: [user('The tool says 5.')], response: '\\boxed{5}', reward: '1.000' },
    ],
    [
      [
        [10, 4, 0],
        [20, 6, 1],
      ],
    ],
  );
  await expect(importFrom(log, path.join(temporaryFolder(), 'run'))).rejects.toThrow(
    /2 logged responses of 1 trajectories/,
  );
});
