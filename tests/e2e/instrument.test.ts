/** The panel as an instrument: other rewards, calibration, histograms, search, notes, rollouts of two steps, and a fork. */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { addressText, parseAddress } from '../../engine/protocol/address.ts';
import { settingName } from '../../extension/editor-settings.ts';
import { runCli } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { showPane, untilCompleted, untilCount } from '../support/workbench.ts';

describe.runIf(requireVsCode())('the instrument', () => {
  const code = useVsCode();
  const folder = () => path.join(code().home, 'runs', 'measured');

  beforeAll(async () => {
    mkdirSync(path.dirname(folder()), { recursive: true });
    await writeRunFixture(folder(), { problems: 24, steps: 12, every: 4 });
  });

  async function panel() {
    const { workbench } = code();
    await workbench.views();
    await workbench.treeRows('runs').first().click();
    const shown = await workbench.webview('rs-problems');
    // Keys are for the panel, and not for a field that an earlier test left.
    await shown.locator('rs-header [data-run="measured"]').click();
    return shown;
  }

  test('shows other rewards as columns, and calibration whose rectangle filters the problems', async () => {
    const { workbench, page } = code();
    const shown = await panel();
    await shown.locator('rs-scrubber [role="slider"]').press('ArrowLeft');
    await showPane(shown, 'problem');
    // What is drawn when the group of the step arrives takes the place of what was there.
    await shown.locator('rs-inspector [data-phase="train"]').waitFor();
    await shown.locator('rs-inspector tr[data-rollout]').first().waitFor();
    await shown.locator('rs-inspector .rewards summary').press('Enter');
    const choice = shown.locator('rs-inspector [data-reward-choice]').first();
    const reward = await choice.getAttribute('data-reward-choice');
    await choice.check();
    await shown.locator('rs-inspector th', { hasText: reward! }).first().waitFor();
    await workbench.shot('rewards as columns');

    await shown.locator('[data-view="calibration"]').click();
    await shown.locator('rs-calibration tr[data-measure]').first().waitFor();
    const scatter = shown.locator('rs-calibration svg.scatter');
    const box = (await scatter.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.1);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.95, box.y + box.height * 0.9, { steps: 4 });
    await page.mouse.up();
    await workbench.shot('calibration');
    await showPane(shown, 'problems');
    const filter = shown.locator('rs-problems input').first();
    await until('the rectangle is a filter', async () => /share>=/.test(await filter.inputValue()));
    await filter.fill('');
  });

  test('has histograms whose bins filter, from the keyboard too', async () => {
    const { workbench } = code();
    const shown = await panel();
    await showPane(shown, 'charts');
    await shown.locator('rs-curves [data-action="histograms"]').press('Enter');
    const bins = shown.locator('rs-curves [data-histogram="share"] [data-bin]');
    await bins.first().waitFor();
    await workbench.shot('histograms');
    const counts = await Promise.all((await bins.all()).map((bin) => bin.getAttribute('data-count')));
    const last = counts.findLastIndex((count) => Number(count) > 0);
    await bins.first().focus();
    for (let i = 0; i < last; i++) await shown.page().keyboard.press('ArrowRight');
    await shown.page().keyboard.press('Enter');
    await showPane(shown, 'problems');
    await shown.locator(`rs-problems [data-matching="${counts[last]}"]`).waitFor();
    await shown.locator('rs-problems input').first().fill('');
  });

  test('finds rollouts, notes and pins a place, and has it after a reload', async () => {
    const { workbench } = code();
    const shown = await panel();
    await shown.locator('body').press('g');
    const text = shown.locator('rs-find [data-find-text]');
    await text.fill('Let me');
    await text.press('Enter');
    await shown.locator('rs-find [data-find="found"]').waitFor();
    await shown.locator('rs-find [data-hit]').first().click();
    await workbench.shot('find');
    await shown.locator('rs-find [data-action="close-find"]').click();
    await shown.locator('body').press('m');
    await shown.locator('rs-notes input[name="text"]').fill('Look again.');
    await shown.locator('rs-notes input[name="pinned"]').check();
    await shown.locator('rs-notes input[name="text"]').press('Enter');
    await shown.locator('rs-notes [data-note]', { hasText: 'Look again.' }).waitFor();
    expect(readFileSync(path.join(folder(), 'notes.json'), 'utf8')).toContain('Look again.');
    await workbench.reload();
    const again = await workbench.webview('rs-notes [data-note]');
    await untilCount(again.locator('rs-notes [data-note]', { hasText: 'Look again.' }), 1);
  });

  test('shows a rollout of A next to one of B, and opens a link to tokens', async () => {
    const { workbench } = code();
    const shown = await panel();
    await shown.locator('rs-scrubber vscode-button', { hasText: 'Latest' }).click();
    await showPane(shown, 'problem');
    await shown.locator('[data-view="problem"]').click();
    await shown.locator('rs-inspector [data-action="beside"]').click();
    await shown.locator('rs-rollout-before [data-rollout-before]').waitFor();
    await shown.locator('rs-rollout .tokens [data-token="2"]').click();
    await shown.locator('rs-rollout .tokens .now[data-token="2"]').waitFor();
    await workbench.shot('rollouts of two steps');
    await shown.locator('body').press('J');
    await shown.locator('rs-rollout-before [data-rollout-before="2"]').waitFor();
    await shown.locator('body').press('b');
    await untilCount(shown.locator('rs-rollout-before'), 0);
  });
});

describe.runIf(requireVsCode())('a link', () => {
  const code = useVsCode();

  test('of a report opens the panel at its place, and what the report said there is checked', async () => {
    const { workbench, page, home } = code();
    const folder = path.join(home, 'runs', 'cited');
    mkdirSync(path.dirname(folder), { recursive: true });
    await writeRunFixture(folder, { problems: 24, steps: 12, every: 4 });
    const { code: status, stdout, stderr } = await runCli(['show', folder, '--report'], { home });
    expect(status, stderr).toBe(0);
    const links = stdout.match(/vscode:\/\/[^\s)>]+/g)!.flatMap((link) => parseAddress(link) ?? []);
    const cited = links.find(({ problem, says }) => problem !== null && says !== null)!;

    const open = async (link: string) => {
      await workbench.command('Developer: Open URL', { stays: true });
      await workbench.answer(link);
      await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Open' }).click();
    };
    await open(addressText(cited));
    const panel = await workbench.webview('rs-inspector [data-problem]');
    await panel.locator(`rs-inspector [data-problem="${cited.problem}"]`).waitFor();
    await workbench.notification(/holds: /);
    await workbench.shot('link of a report');
    await workbench.clearToasts();
    await open(addressText({ ...cited, says: 'share=0.01' }));
    await workbench.notification(/does not hold: /);
  });
});

describe.runIf(requireVsCode())('a fork', () => {
  const code = useVsCode({ settings: { [settingName('steps')]: 3 } });

  test('begins at a checkpoint that is chosen, with another learning rate, after one that is refused', async () => {
    const { workbench, home } = code();
    const size = ['--model', 'embedded:W', '--steps', '2', '--checkpoint-every', '1', '--limit', '4'];
    const { code: status, stderr } = await runCli(['train', ...size, '--eval-samples', '0', '--name', 'parent'], {
      home,
    });
    expect(status, stderr).toBe(0);
    await workbench.run('forkRun', { stays: true });
    await workbench.pickRow('completed').first().click();
    await workbench.pick(/^step 1/);
    await workbench.pick('Learning rate');
    await workbench.answer('7');
    await workbench.pick('Start the fork at step 1');
    // A rate that is not allowed is a state of the panel, whose link asks for another one.
    const failed = await workbench.webview('rs-start [data-start="failed"]');
    await untilCount(failed.locator('rs-start tr[data-setting="optimizer.lr"]'), 1);
    await workbench.shot('failed fork');
    await failed.locator('rs-start button.setting').first().click();
    await workbench.answer('0.0002');
    await failed.locator('rs-start [data-answer="again"]').click();
    const shown = await workbench.webview('rs-problems');
    await untilCompleted(shown, 1);
    await workbench.shot('fork');
  });
});
