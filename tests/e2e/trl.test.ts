/**
 * A run that the editor starts on TRL with two processes: it shows live in the panel, and resumes after its Python side was
 * killed. `node tests/interop/environments.mjs .cache/interop trl` installs TRL; CI leaves this out.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { LENS_TITLES } from '../../extension/editor/texts.ts';
import { settingName } from '../../extension/editor-settings.ts';
import { interpreter } from '../support/interop.ts';
import { isAlive, ROOT, temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { showPane } from '../support/workbench.ts';

/** The picture of docs/trl.md: UPDATE_IMAGES=1 npm test -- tests/e2e/trl.test.ts */
const PICTURE = process.env.UPDATE_IMAGES === '1';
/** Steps before the picture is taken: enough for curves. */
const FIRST = PICTURE ? 24 : 3;

const python = interpreter('trl');
const hasTrl = requireOrSkip(
  'TRL',
  python !== null,
  'node tests/interop/environments.mjs .cache/interop trl installs it',
);

const PROBLEMS = [
  ['2 + 3', '5'],
  ['7 - 4', '3'],
  ['4 + 4', '8'],
  ['9 - 3', '6'],
].map(([question, answer]) => `${JSON.stringify({ question: `${question}?`, answer })}\n`);

/** A tiny random model. */
function tinyModel(): string {
  const folder = path.join(temporaryFolder(), 'tiny');
  const { status, stderr } = spawnSync(python!, [path.join(ROOT, 'tests', 'interop', 'tiny_model.py'), folder], {
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  });
  if (status !== 0) throw new Error(stderr);
  return folder;
}

/** The training processes of the run below a folder; launchers do not count. */
function pythonsOf(folder: string): number[] {
  const isOne = (pid: number) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return line.includes('train_trl.py') && line.includes(folder) && !line.includes('torch.distributed');
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isOne(pid) && isAlive(pid));
}

describe.runIf(hasTrl && requireVsCode())('a run on TRL with two processes', () => {
  const code = useVsCode({
    files: { 'problems.jsonl': PROBLEMS.join('') },
    machine: !hasTrl
      ? {}
      : {
          [settingName('engine.kind')]: 'trl',
          [settingName('engine.python')]: python,
          [settingName('engine.processes')]: 2,
          [settingName('model')]: tinyModel(),
          [settingName('device')]: 'cpu',
          [settingName('threads')]: 1,
          [settingName('steps')]: 5_000,
          [settingName('batch')]: 2,
          [settingName('votes')]: 8,
          [settingName('group')]: 8,
          [settingName('maxTokens')]: 8,
          [settingName('evaluationSamples')]: 0,
          [settingName('promptTemplate')]: '{{problem}}',
          [settingName('config')]: { checkpoint: { every: 2 } },
        },
  });
  const stepShown = async (status: string, least: number): Promise<number> => {
    const panel = await code().workbench.webview('rs-header');
    let shown = 0;
    await until(`step ${least}, ${status}`, async () => {
      const header = panel.locator(`rs-header [data-status="${status}"]`);
      if ((await header.count()) === 0) return false;
      shown = Number(await header.first().getAttribute('data-step'));
      return shown >= least;
    });
    return shown;
  };

  test('is shown live, fails when its Python side is killed, and resumes from its checkpoint', async () => {
    const { workbench } = code();
    // Nothing of the extension is loaded before somebody uses it.
    await workbench.views();
    await workbench.open('problems.jsonl');
    await workbench.codeLens(LENS_TITLES.train).click();
    await stepShown('running', FIRST);
    const panel = await workbench.webview('rs-header');
    await showPane(panel, 'problems');
    await panel.locator('rs-problems [data-problem]').first().click();
    await showPane(panel, 'problem');
    await panel.locator('rs-inspector tr[data-rollout]').first().click();
    await showPane(panel, 'rollout');
    await panel.locator('rs-rollout .tokens span').first().waitFor();
    const shot = await workbench.shot('training with TRL');
    if (PICTURE) copyFileSync(shot, path.join(ROOT, 'docs', 'images', 'training-with-trl.png'));

    const pids = pythonsOf(code().home);
    expect(pids).toHaveLength(2);
    process.kill(pids[1]!, 'SIGKILL');
    const before = await stepShown('failed', 2);
    await until('nobody is left', () => pythonsOf(code().home).length === 0);
    await workbench.shot('TRL was killed');
    await workbench.clearToasts();

    await workbench.runAndPick('resume', /majority-vote-problems/);
    await stepShown('running', before + 2);
    await workbench.run('stop');
    await stepShown('stopped', before + 2);
    await until('nobody is left', () => pythonsOf(code().home).length === 0);
  });
});
