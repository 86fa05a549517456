/** What commands print for people, of the stored runs in `tests/fixtures`: one file per command in `tests/wording/terminal`. */
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { hostile, RAW } from '../support/hostile-run.ts';
import { ROOT, runCli, temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { linesWithoutNumbers } from '../support/wording.ts';

const home = temporaryFolder();
const place = (name: string) => path.join(home, name);

beforeAll(async () => {
  for (const [name, fixture] of [
    ['first', 'run-format2'],
    ['stopped', 'run-format2-stopped'],
  ] as const) {
    cpSync(path.join(ROOT, 'tests', 'fixtures', fixture), place(`runs/${name}`), { recursive: true });
  }
  await writeRunFixture(place('unlabeled'), { problems: 4, votes: 4, steps: 4, every: 2, labels: false });
});

/** What commands print, each after its command line; stderr after stdout. */
async function printed(commands: readonly (readonly string[])[]): Promise<string> {
  const parts: string[] = [];
  for (const args of commands) {
    const { code, stdout, stderr } = await runCli(args, { home, env: { TZ: 'UTC' } });
    expect(code, stderr).toBe(0);
    parts.push(`$ rollscope ${args.join(' ')}\n${stdout}${stderr}`);
  }
  return parts.join('\n').replaceAll(home, '<home>');
}

const OUT = place('out');

test.each<[string, string[][]]>([
  ['runs', [['runs'], ['runs', '--out', place('none')]]],
  [
    'show',
    [
      ['show', 'first'],
      ['show', 'stopped'],
      ['show', 'first', '--problem', 'chain-002'],
      ['show', 'first', '--problem', 'chain-002', '--phase', 'train'],
      ['show', 'first', '--problem', 'chain-002', '--phase', 'train', '--rollout', '1'],
      ['show', 'first', '--problem', 'chain-002', '--rollout', '1'],
    ],
  ],
  [
    'analyze',
    [
      ['analyze', 'first'],
      ['analyze', 'stopped'],
      ['analyze', place('unlabeled')],
    ],
  ],
  [
    'rescore',
    [
      ['rescore', 'first'],
      ['rescore', 'first', '--problem', 'chain-002', '--reward', 'empo'],
      ['rescore', place('unlabeled')],
    ],
  ],
  [
    'export',
    [
      ['export', 'first', '--format', 'jsonl', '--out', `${OUT}.jsonl`],
      ['export', 'first', '--format', 'tensorboard', '--out', OUT],
      ['export', 'stopped', '--format', 'peft', '--out', `${OUT}-peft`],
    ],
  ],
  ['repair', [['repair', 'first']]],
  ['experiment', [['experiment']]],
])('%s', async (name, commands) => {
  const text = (await printed(commands)).replace(/events\.out\.tfevents\.\S+/, '<event file>');
  await expect(text).toMatchFileSnapshot(`../wording/terminal/${name}.txt`);
});

test('train and probe', async () => {
  const tiny = ['--device', 'cpu', '--votes', '4', '--limit', '4'];
  const training = ['--steps', '2', '--batch', '4', '--group', '4', '--eval-samples', '2', '--forecast', '4'];
  const text = await printed([
    ['train', '--name', 'tiny', ...tiny, ...training],
    ['probe', '--name', 'probed', ...tiny],
  ]);
  // How far the activity is by the first line depends on the machine.
  await expect(linesWithoutNumbers(text.replace(/ \d+%\)$/gm, ')'))).toMatchFileSnapshot(
    '../wording/terminal/train-probe.txt',
  );
});

test('a hostile dataset reaches the terminal escaped, during training and when the run is shown', async () => {
  const file = place('hostile.jsonl');
  const rows = ['3+9+4=', '24-9-4='].map((prompt, i) => ({ id: hostile(`id ${i}`), prompt, answer: hostile('16') }));
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const size = ['--steps', '1', '--votes', '2', '--group', '2', '--max-tokens', '4', '--eval-samples', '1'];
  for (const args of [
    ['train', file, ...size, '--name', 'hostile'],
    ['train', file, ...size, '--name', 'hostile-json', '--json'],
    ['show', 'hostile'],
    ['show', 'hostile', '--problem', rows[0]!.id],
    ['show', 'hostile', '--problem', rows[0]!.id, '--rollout', '1', '--json'],
    ['analyze', 'hostile', '--json'],
    ['rescore', 'hostile'],
  ]) {
    const { code, stdout, stderr } = await runCli(args, { home });
    expect(code, stderr).toBe(0);
    expect(stdout + stderr).not.toMatch(RAW);
    if (args[0] === 'show') expect(stdout + stderr).toMatch(/␛|\\u001b/);
  }
});
