/** Runs of other trainers in a window: offered, imported, followed while they grow, and followed again after a reload. */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { EMBEDDED, EMBEDDED_MODELS } from '../../engine/protocol/embedded.ts';
import { COMMAND_DEFINITIONS } from '../../extension/command-definitions.ts';
import { LAST_ANSWERED, verlStep, writeVerlSteps } from '../support/collapsing-dump.ts';
import { ROOT } from '../support/processes.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { showPane, untilCount, untilValue } from '../support/workbench.ts';

/** The picture of docs/beside.md: UPDATE_IMAGES=1 npm test -- tests/e2e/imports.test.ts */
const PICTURE = process.env.UPDATE_IMAGES === '1';

const DUMPS = path.join(import.meta.dirname, '../fixtures/dumps');

/** The files of a folder, by their names below `as`. */
function filesOf(folder: string, as: string): Record<string, Uint8Array> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map((entry) => path.join(entry.parentPath, entry.name));
  return Object.fromEntries(paths.map((file) => [`${as}/${path.relative(folder, file)}`, readFileSync(file)]));
}

/** What every rollout of the last step answers. */
const SPREADS = 'indeed';

/**
 * A step as verl writes it: four problems with four rollouts each, which think, agree more from step to step, and say the same
 * whatever they are asked in the end.
 */
function step(number: number): string {
  const row = (problem: number, rollout: number) => {
    const answer = number === 4 ? SPREADS : rollout < number ? 2 * problem : rollout;
    return {
      input: `user\nWhat is ${problem} + ${problem}?\nassistant\n`,
      output: `<think>\nTwice ${problem}, or ${rollout}?\n</think>\nIt is \\boxed{${answer}}.`,
      gts: `${2 * problem}`,
      score: Number(answer === 2 * problem),
      step: number,
    };
  };
  const rows = [7, 8, 9, 10].flatMap((problem) => [0, 1, 2, 3].map((rollout) => row(problem, rollout)));
  return rows.map((one) => `${JSON.stringify(one)}\n`).join('');
}

/** Rollouts in the signs of the embedded model, which can read them therefore. */
function sums(): string {
  const rows = [1, 2].flatMap((step) =>
    ['5+2+5=', '1+6='].flatMap((prompt) =>
      ['12', '7', '12'].map((completion) => ({ prompt, completion, reward: 1, step })),
    ),
  );
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

describe.runIf(requireVsCode())('runs of other trainers', () => {
  const code = useVsCode({
    files: {
      ...filesOf(path.join(DUMPS, 'trl-1.16.0'), 'grpo'),
      'logs/rollouts/1.jsonl': step(1),
      'logs/rollouts/2.jsonl': step(2),
      ...Object.fromEntries(
        Array.from({ length: LAST_ANSWERED }, (_, i) => [`steps/rollouts/${i + 1}.jsonl`, verlStep(i + 1)]),
      ),
      'notes.jsonl': '{"note": "nothing"}\n',
      'sums.jsonl': sums(),
    },
  });
  const header = async (attributes: string) => {
    const panel = await code().workbench.webview('rs-problems');
    const line = panel.locator(`rs-header ${attributes}`);
    await line.waitFor();
    return (await line.getAttribute('data-run'))!;
  };
  const write = (number: number) =>
    writeFileSync(path.join(code().folder, 'logs', 'rollouts', `${number}.jsonl`), step(number));

  // Of several folders the first is offered first.
  test('are offered where a workspace contains them, and imported into the panel', async () => {
    const { workbench } = code();
    await workbench.views();
    const offer = await workbench.notification(/grpo contains rollouts of another trainer/);
    await workbench.shot('import offered');
    await offer.locator('.monaco-button', { hasText: 'Import' }).click();
    const run = await header('[data-step="4"][data-status="completed"]');
    expect(run).toMatch(/^import-grpo-/);
    await workbench.notification('Imported 32 rollouts of 4 problems in 4 steps.');
    await workbench.shot('imported');
  });

  test("report errors in the editor's terms, and how to name the columns", async () => {
    const { workbench, page } = code();
    await workbench.clearToasts();
    await workbench.view('Explorer');
    const row = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'notes.jsonl' });
    await workbench.contextMenu(row, COMMAND_DEFINITIONS.importRun.title);
    const refusal = await workbench.notification(/notes\.jsonl is not recognized as rollouts/);
    expect(await refusal.locator('.notification-list-item-message').textContent()).not.toContain('--');
    await refusal.locator('.monaco-button', { hasText: 'Name Columns…' }).waitFor();
    await workbench.shot('import refused');
    await workbench.clearToasts();
  });

  test('are imported from the Explorer, and a local model computes their token statistics', async () => {
    const { workbench, page } = code();
    await workbench.view('Explorer');
    const file = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'sums.jsonl' });
    await workbench.contextMenu(file, COMMAND_DEFINITIONS.importRun.title);
    expect(await header('[data-step="2"][data-status="completed"]')).toMatch(/^import-sums-/);
    await workbench.clearToasts();
    const rollout = async () => {
      const panel = await workbench.webview('rs-problems');
      await showPane(panel, 'problems');
      await panel.locator('rs-problems [data-problem]').first().click();
      await showPane(panel, 'problem');
      await panel.locator('rs-inspector tr[data-rollout]').first().click();
      await showPane(panel, 'rollout');
      return panel.locator('rs-rollout');
    };
    // The panel offers it where a rollout has none.
    await (await rollout()).locator('[data-action="compute-statistics"]').click();
    await workbench.pick(EMBEDDED_MODELS[EMBEDDED]!);
    await workbench.notification('Computed token statistics of 12 rollouts.');
    await (await rollout()).locator('.tokens span').first().waitFor();
    await workbench.shot('token statistics computed');
    await workbench.clearToasts();
  });

  test('are followed while they grow, also after the window is reloaded', async () => {
    const { workbench, page } = code();
    await workbench.view('Explorer');
    const row = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'logs' });
    await workbench.contextMenu(row, COMMAND_DEFINITIONS.followFolder.title);
    const run = await header('[data-step="2"][data-status="running"]');
    await workbench.statusIcon('eye').waitFor();
    // What it thought is folded.
    const first = await workbench.webview('rs-problems');
    await showPane(first, 'problems');
    await first.locator('rs-problems [data-problem]').first().click();
    await showPane(first, 'rollout');
    const thought = first.locator('rs-rollout [data-thought]');
    const thinks = first.locator('rs-rollout .tokens', { hasText: 'Twice' });
    await thought.and(first.locator('[aria-expanded="false"]')).waitFor();
    await untilCount(thinks, 0);
    await thought.press('Enter');
    await untilCount(thinks, 1);
    await workbench.shot('thinking unfolded');
    write(3);
    expect(await header('[data-step="3"]')).toBe(run);
    const shot = await workbench.shot('followed');
    if (PICTURE) copyFileSync(shot, path.join(ROOT, 'docs', 'images', 'following-verl.png'));

    await workbench.reload();
    await workbench.statusIcon('eye').waitFor();
    write(4);
    expect(await header('[data-step="4"][data-status="running"]')).toBe(run);
    // The answer that spreads over the problems is named, and leads to them.
    const panel = await workbench.webview('rs-diagnosis [data-part="common"]');
    const common = panel.locator('rs-diagnosis [data-part="common"]');
    expect((await common.textContent())!.replace(/\s+/g, ' ').trim()).toBe(
      `answer ${SPREADS} is the majority of 4 of 4, 0 at A`,
    );
    await common.click();
    await showPane(panel, 'problems');
    await untilValue(panel.locator('rs-problems input').first(), `answer:${SPREADS}`);
    await workbench.shot('followed after reload');

    await workbench.runAndPick('stopFollowing', /Stop\b.*\blogs\b/);
    await header('[data-step="4"][data-status="stopped"]');
    await workbench.statusIcon('eye').waitFor({ state: 'hidden' });
    const [own] = code().logs().split('--- extension host');
    // The search of the editor is missing from the test server.
    expect(own).not.toMatch(/\[error\](?!.*ripgrep|.*not recognized as rollouts)/);
  });

  test('raise an alarm when they collapse: notification, status bar and tree link to the step', async () => {
    const { workbench, page, folder } = code();
    const source = path.join(folder, 'steps');
    await workbench.clearToasts();
    await workbench.view('Explorer');
    const row = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'steps' });
    await workbench.contextMenu(row, COMMAND_DEFINITIONS.followFolder.title);
    const run = await header(`[data-step="${LAST_ANSWERED}"][data-status="running"]`);
    await workbench.command('View: Close All Editors');
    await workbench.views();
    writeVerlSteps(source, LAST_ANSWERED + 1, 15);
    const told = await workbench.notification(/collapsing since step \d+/);
    const text = (await told.textContent())!;
    expect(text).toContain(`Run ${run}`);
    // It is not ours to pause or to fork.
    expect(await told.locator('.monaco-button').allTextContents()).toEqual(['Look at Step']);
    await workbench.statusItem(/Following steps.*collapsing since step \d+/).waitFor();
    await workbench
      .treeRows('runs', /collapsing since step \d+/)
      .first()
      .waitFor();
    await workbench.shot('alarm of a followed run');
    const [, step] = /since step (\d+)/.exec(text)!;
    await told.getByRole('button', { name: 'Look at Step' }).click();
    const panel = await workbench.webview('rs-scrubber [role="slider"]');
    await panel.locator(`rs-scrubber [role="slider"][aria-valuenow="${step}"]`).waitFor();
    await panel.locator(`rs-diagnosis [data-watch="collapse"][data-since="${step}"]`).waitFor();
    // The metric that raised it is shown, whatever the charts were.
    await showPane(panel, 'charts');
    await panel.locator('rs-curves [data-chart="noAnswer"]').waitFor();
    await workbench.shot('alarm of a followed run looked at');
  });
});
