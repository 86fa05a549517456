/** The user's own reward: the examples of docs/custom-reward.md, run; and what is said when one is wrong. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { requireCustom, runCustom } from '../../engine/external/index.ts';
import type { CustomRollout } from '../../engine/protocol/programs.ts';
import { RewardOptions } from '../../engine/reward/index.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { requirePython } from '../support/python.ts';
import { expectRejection } from '../support/refusals.ts';

const PAGE = readFileSync(path.join(ROOT, 'docs', 'custom-reward.md'), 'utf8');
const python = await requirePython();
const folder = temporaryFolder();
const defaults = RewardOptions.parse({}).custom;

function file(name: string, text: string): string {
  writeFileSync(path.join(folder, name), text);
  return `./${name}`;
}

/** The code that the page shows under a file's name, as that file. */
function example(name: string): string {
  const found = new RegExp(`<!-- file: ${name.replace('.', '\\.')} -->\n\`\`\`\\w+\n(.*?)\`\`\``, 's').exec(PAGE);
  return file(name, found![1]!);
}

function rollout(more: Partial<CustomRollout> = {}): CustomRollout {
  return {
    problem: { id: '17', prompt: 'What is 5+2+5?', columns: { topic: 'sums' }, answer: '12' },
    group: 0,
    index: 0,
    response: '5+2=7, 7+5=12. The answer is \\boxed{12}.',
    answer: '12',
    cluster: 0,
    finish: 'stop',
    tokens: 21,
    logprob: -0.31,
    entropy: 0.42,
    ...more,
  };
}

const THREE = [
  rollout(),
  rollout({ index: 1, response: 'Hm.', answer: null, cluster: null, tokens: 3 }),
  rollout({ index: 2, response: '\\boxed{1}', answer: '1', cluster: 1, tokens: 10 }),
];

const run = (command: string[], rollouts: readonly CustomRollout[] = THREE, more: Partial<typeof defaults> = {}) =>
  runCustom({ ...defaults, command, ...more }, rollouts, { folder });

describe('the page’s examples', () => {
  test("the program's input object is valid", () => {
    const shown = JSON.parse(/```json\n(.*?)```/s.exec(PAGE)![1]!);
    const { answer: _, ...problem } = rollout().problem;
    expect(shown).toEqual({ ...rollout({ index: 3 }), problem });
    for (const name of Object.keys(shown)) expect(PAGE).toMatch(new RegExp(`\`(?:problem\\.)?${name}`));
  });

  test('the module works', async () => {
    expect(await run([example('steps.mjs')])).toEqual([
      { score: 2 / 3 - 0.021, detail: '2 steps in 21 tokens' },
      { score: 0, detail: 'no answer within the length limit' },
      { score: -0.01, detail: '0 steps in 10 tokens' },
    ]);
  });

  test('the TypeScript module works', async () => {
    const checks = await run([example('steps.ts')]);
    expect(checks.map(({ score }) => score)).toEqual([0, 0, 1 / 3]);
    expect(checks[0]!.detail).toBe('the program gave no reason');
  });

  test.runIf(python)('the Python program works', async () => {
    const checks = await run(['python3', example('steps.py')]);
    expect(checks.map(({ score }) => score)).toEqual([2 / 3, 0, 0]);
    expect(checks[1]!.detail).toBe('no answer');
  });
});

describe('a module', () => {
  test('receives labels only on request', async () => {
    const module = file(
      'labels.mjs',
      'export default (r) => r.map(({ problem }) => problem.answer === "12" ? 1 : "answer" in problem ? 2 : 3);',
    );
    expect((await run([module])).map(({ score }) => score)).toEqual([3, 3, 3]);
    expect((await run([module], THREE, { labels: true })).map(({ score }) => score)).toEqual([1, 1, 1]);
  });

  test('may print, read its arguments, import others, and wait', async () => {
    file('helper.ts', 'export const bonus = (x: number): number => x + 1;\nexport type Nothing = never;');
    const module = file(
      'main.ts',
      'import { bonus } from "./helper.ts";\nimport type { Nothing } from "./helper.ts";\nimport path from "node:path";\n' +
        'console.log("noise");\nprocess.stdout.write("more\\n");\n' +
        'export default async (rollouts: unknown[]): Promise<number[]> => {\n' +
        '  await new Promise((resolve) => setImmediate(resolve));\n' +
        '  return rollouts.map(() => bonus(Number(process.argv.at(-1))) + path.sep.length as number);\n};',
    );
    expect((await run([module, '40'])).map(({ score }) => score)).toEqual([42, 42, 42]);
  });

  test('may be CommonJS, and end with a timer running', async () => {
    const module = file('common.cjs', 'setInterval(() => {}, 1000); module.exports = (r) => r.map((_, i) => i);');
    expect((await run([module])).map(({ score }) => score)).toEqual([0, 1, 2]);
  });

  test('can score thousands of rollouts', async () => {
    const module = file(
      'many.mjs',
      'export default (r) => r.map(({ index, response }) => ({ reward: index, detail: response }));',
    );
    const many = Array.from({ length: 3000 }, (_, index) => rollout({ index, response: `${index}`.padEnd(400, 'x') }));
    const checks = await run([module], many);
    expect(checks.map(({ score }) => score)).toEqual(many.map(({ index }) => index));
  });

  test.each([
    ['no function', 'export const reward = 1;', 'The default export of the module is not a function.'],
    ['no list', 'export default () => 1;', 'The function did not return a list of rewards.'],
    ['an error', 'export default () => { throw new TypeError("broken here"); };', 'TypeError: broken here'],
    ['bad syntax', 'export default (', 'SyntaxError'],
  ])('with %s is reported with its output', async (_, code, output) => {
    const running = run([file('bad.mjs', code)]);
    const facts = {
      reason: 'program-failed',
      program: './bad.mjs',
      status: 1,
      output: expect.stringContaining(output),
    };
    await expectRejection(running, 'config', facts);
  });

  test('in invalid TypeScript is reported with the place', async () => {
    const facts = { reason: 'module-not-read', system: expect.stringMatching(/bad\.ts: .*\(1:10\)/) };
    await expectRejection(run([file('bad.ts', 'const x: = 1;\n')]), 'config', facts);
  });
});

describe.skipIf(process.platform === 'win32')('a program', () => {
  const script = (text: string) => {
    const name = file('program', `#!/bin/sh\n${text}\n`);
    chmodSync(path.join(folder, 'program'), 0o755);
    return [name];
  };

  test('writes numbers, with or without blank lines and a final line end', async () => {
    const last = JSON.stringify({ reward: 3, detail: ' a\n b ' });
    const checks = await run(script(`cat > /dev/null; printf '1\\n\\n-2.5e-1\\r\\n'; printf '%s' '${last}'`));
    expect(checks.map(({ score }) => score)).toEqual([1, -0.25, 3]);
    expect(checks[2]!.detail).toBe('a b');
  });

  test('reads one object per line', async () => {
    await run(script(`cat > "${folder}/input"; echo 1; echo 1; echo 1`));
    const lines = readFileSync(path.join(folder, 'input'), 'utf8').split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line).index)).toEqual([0, 1, 2]);
  });

  test.each([
    ['echo 1; echo 2', { reason: 'wrong-count', lines: 2, rollouts: 3 }],
    ['echo 1; echo 2; echo 3; echo 4', { reason: 'wrong-count', lines: 4, rollouts: 3 }],
    ['exit 0', { reason: 'wrong-count', lines: 0, rollouts: 3 }],
    ['echo 1; echo NaN; echo 3', { reason: 'bad-output', line: 2, value: 'NaN' }],
    ['echo 1; echo; echo null; echo 3', { reason: 'bad-output', line: 3, value: 'null' }],
    ['echo starting; echo 2; echo 3', { reason: 'bad-output', line: 1, value: 'starting' }],
    ['echo 1; echo 2; echo "{\\"reward\\": \\"3\\"}"', { reason: 'bad-output', line: 3, value: '{"reward": "3"}' }],
    ['echo 1; echo 2; echo 1e999', { reason: 'bad-output', line: 3, value: '1e999' }],
    ['echo true; echo 2; echo 3', { reason: 'bad-output', line: 1, value: 'true' }],
    ['echo oh no >&2; exit 3', { reason: 'program-failed', status: 3, output: 'oh no' }],
    ['kill -TERM $$', { reason: 'program-killed', signal: 'SIGTERM' }],
    ['yes 1', { reason: 'output-limit' }],
  ])('that does %j is an error', async (text, facts) => {
    await expectRejection(run(script(text)), 'config', { program: './program', ...facts });
  });

  test('has a deadline', async () => {
    const facts = { reason: 'time-limit', program: './program', rollouts: 3, seconds: 0.5 };
    await expectRejection(run(script('sleep 100'), THREE, { seconds: 0.5 }), 'config', facts);
  });

  test('is ended with the run', async () => {
    const stop = new AbortController();
    const options = { ...defaults, command: script('sleep 100') };
    const running = runCustom(options, THREE, { folder, signal: stop.signal });
    stop.abort();
    await expectRejection(running, 'canceled', { reason: 'program-killed' });
  });
});

test('a program that is missing or not named is reported before a run', async () => {
  const ask = (...command: string[]) => requireCustom({ ...defaults, command }, folder);
  await expectRejection(ask(), 'config', { reason: 'no-program' });
  const missing = (program: string, place: string | null) => ({ reason: 'program-not-found', program, folder: place });
  await expectRejection(ask('no-such-program'), 'config', missing('no-such-program', null));
  await expectRejection(ask('gone.mjs'), 'config', missing('gone.mjs', folder));
  await expectRejection(ask('./gone'), 'config', missing('./gone', folder));
  await expect(ask(process.execPath, 'x')).resolves.toBeUndefined();
});
