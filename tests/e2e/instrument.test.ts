/** The panel as an instrument: other rewards, calibration, histograms, search, notes, rollouts of two steps, and a fork. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { addressText, parseAddress } from '../../engine/protocol/address.ts';
import { COMMAND_DEFINITIONS } from '../../extension/command-definitions.ts';
import { settingName } from '../../extension/editor-settings.ts';
import { axeFindings } from '../support/browser.ts';
import { runCli } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { showPane, untilCompleted, untilCount, untilValue } from '../support/workbench.ts';

describe.runIf(requireVsCode())("the panel's tools", () => {
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

  test('show other rewards as columns, and a calibration chart whose selection filters the problems', async () => {
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
    await workbench.inEachTheme(async (theme) => {
      await workbench.shot(`calibration ${theme}`);
      expect(await axeFindings(shown), theme).toEqual([]);
    });
    await showPane(shown, 'problems');
    const filter = shown.locator('rs-problems input').first();
    await until('the rectangle is a filter', async () => /share>=/.test(await filter.inputValue()));
    await filter.fill('');
  });

  test('have histograms whose bins filter, also from the keyboard', async () => {
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

  test('find rollouts, add notes and pins to a place, and keep them after a reload', async () => {
    const { workbench } = code();
    const shown = await panel();
    await shown.locator('body').press('g');
    const text = shown.locator('rs-find [data-find-text]:focus');
    await text.waitFor();
    await shown.page().keyboard.type('Let me');
    await text.press('Enter');
    await shown.locator('rs-find [data-find="found"]').waitFor();
    const total = await shown.locator('rs-find [data-find="found"]').getAttribute('data-total');
    await shown.locator('rs-find [data-hit]').first().click();
    await workbench.shot('find');
    await shown.locator('rs-find [data-action="close-find"]').click();

    // The terminal finds the same. (The test server has no terminals of its own.)
    const found = await runCli(['find', 'measured', 'Let me', '--json'], { home: code().home });
    expect(JSON.parse(found.stdout)).toMatchObject({ total: Number(total) });
    await shown.locator('[data-action="note"]').click();
    await shown.locator('rs-notes input[name="text"]:focus').waitFor();
    await shown.page().keyboard.type('Look again.');
    await shown.locator('rs-notes input[name="pinned"]').check();
    await shown.locator('rs-notes input[name="text"]').press('Enter');
    await shown.locator('rs-notes [data-note]', { hasText: 'Look again.' }).waitFor();
    expect(readFileSync(path.join(folder(), 'notes.json'), 'utf8')).toContain('Look again.');
    await workbench.reload();
    const again = await workbench.webview('rs-notes [data-note]');
    await untilCount(again.locator('rs-notes [data-note]', { hasText: 'Look again.' }), 1);
  });

  test('show a rollout of A next to one of B, and open a link to tokens', async () => {
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

interface Scrolled {
  scrollTop: number;
}

/** Scrolls the list of problems, as far as it goes. */
function scroll(shown: Frame, to: number): Promise<void> {
  return shown.locator('rs-problems .list').evaluate((list: Scrolled, top: number) => {
    list.scrollTop = top;
  }, to);
}

/** The rollout and the problem that a panel shows, with what it is filtered, sorted and compared by. */
async function stateOf(shown: Frame) {
  const value = (selector: string) => shown.locator(selector).first().inputValue();
  const text = async (selector: string) => (await shown.locator(selector).first().textContent())!.trim();
  await showPane(shown, 'rollout');
  const rollout = await shown.locator('rs-rollout [data-rollout]').getAttribute('data-rollout');
  await showPane(shown, 'problem');
  const problem = await shown.locator('rs-inspector [data-problem]').getAttribute('data-problem');
  await showPane(shown, 'problems');
  const step = await shown.locator('rs-scrubber [role="slider"]').getAttribute('aria-valuenow');
  const scrolled = await shown.locator('rs-problems .list').evaluate(({ scrollTop }: Scrolled) => scrollTop);
  const [filter, sort] = [await value('rs-problems input'), await value('rs-problems [data-order="sort"]')];
  return { rollout, problem, step, scrolled, filter, sort, a: await text('rs-cursor-a summary') };
}

describe.runIf(requireVsCode())('a panel', () => {
  const code = useVsCode();

  beforeAll(async () => {
    const runs = path.join(code().home, 'runs');
    mkdirSync(runs, { recursive: true });
    await writeRunFixture(path.join(runs, 'measured'), { problems: 60, steps: 12, every: 4 });
    await writeRunFixture(path.join(runs, 'unlabeled'), { problems: 6, steps: 6, every: 3, labels: false });
  });

  async function open(run: string) {
    const { workbench } = code();
    await workbench.views();
    await workbench.treeRows('runs', run).first().click();
    const shown = await workbench.webview(`rs-header [data-run="${run}"]`);
    await shown.locator('rs-problems [data-problems]').first().waitFor();
    return shown;
  }

  test('that was hidden or reloaded is as it was left', async () => {
    const { workbench } = code();
    const shown = await open('measured');
    const slider = shown.locator('rs-scrubber [role="slider"]');
    for (let i = 0; i < 5; i++) await slider.press('ArrowLeft');
    await slider.press('a');
    for (let i = 0; i < 3; i++) await slider.press('ArrowRight');
    await shown.locator('rs-problems input').first().fill('share>0.3');
    await shown.locator('rs-problems [data-order="sort"]').selectOption('share');
    await shown.locator('rs-problems .line.problem').nth(2).click();
    await showPane(shown, 'problem');
    await shown.locator('rs-inspector tr[data-rollout="3"]').click();
    await showPane(shown, 'problems');
    await scroll(shown, 130);
    const left = await stateOf(shown);
    expect(left).toMatchObject({ rollout: '3', filter: 'share>0.3', sort: 'share', a: 'A: step 7', scrolled: 130 });

    await workbench.command('File: New Untitled Text File');
    await workbench.tab(/^Rollscope: /).click();
    expect(await stateOf(await workbench.webview('rs-header [data-run="measured"]'))).toEqual(left);

    await workbench.reload();
    await workbench.tab(/^Rollscope: /).click();
    const again = await workbench.webview('rs-header [data-run="measured"]');
    await again.locator('rs-problems .line.problem').first().waitFor();
    await until('everything is back', async () => JSON.stringify(await stateOf(again)) === JSON.stringify(left));
  });

  test('has charts that can be added, enlarged, zoomed, moved and removed from the keyboard', async () => {
    const { workbench } = code();
    const shown = await open('measured');
    await showPane(shown, 'charts');
    const charts = shown.locator('rs-curves [data-chart]');
    const before = await charts.count();
    await shown.locator('rs-curves input[list="metrics"]').fill('Gradient norm');
    await untilCount(charts, before + 1);
    const added = shown.locator('rs-curves [data-chart="gradientNorm"]');
    const menu = added.locator('details.more');
    const act = async (action: string) => {
      // Opening the run gives the panel the focus, which can come this late and take the key press.
      await until('the menu is open', async () => {
        if ((await menu.getAttribute('open')) !== null) return true;
        await menu.locator('summary').press('Enter');
        return null;
      });
      await added.locator(`[data-action="${action}"]`).click();
    };
    await act('move-left');
    // As picture and as numbers, where the editor's own dialog is told to.
    for (const type of ['svg', 'png', 'csv']) {
      const file = path.join(code().home, `norm.${type}`);
      await act(type);
      await workbench.saveAs(file);
      await until(`${type} is saved`, () => existsSync(file) && readFileSync(file).length > 0);
    }
    const read = (type: string) => readFileSync(path.join(code().home, `norm.${type}`), 'latin1');
    expect(read('svg')).toMatch(/^<svg /);
    expect(read('png').slice(1, 4)).toBe('PNG');
    expect(read('csv').trim().split('\n')).toHaveLength(13);
    await act('enlarge');
    await shown.locator('rs-curves .large[data-chart="gradientNorm"]').waitFor();
    const plot = added.locator('.plot');
    await plot.press('ArrowLeft');
    await plot.press('+');
    await shown.locator('rs-curves [data-action="all-steps"]').waitFor();
    await workbench.shot('charts added and zoomed');
    await shown.locator('rs-curves [data-action="all-steps"]').click();
    await shown.locator('rs-curves [data-smoothing]').selectOption('0.6');
    await shown.locator('rs-curves .curve.raw').first().waitFor();
    await shown.locator('rs-curves [data-smoothing]').selectOption('0');
    await act('remove');
    await untilCount(charts, before);
  });

  test('has panes whose edges can be moved from the keyboard and stay after a reload', async () => {
    const { workbench, page } = code();
    const size = page.viewportSize()!;
    await page.setViewportSize({ width: 1800, height: size.height });
    const shown = await open('measured');
    // Where there is room for them, charts are taller.
    const charts = shown.locator('[data-pane="charts"]');
    const usual = (await charts.boundingBox())!.height;
    await page.setViewportSize({ width: 2400, height: size.height });
    await until('the charts are taller', async () => (await charts.boundingBox())!.height > 1.3 * usual);
    await workbench.shot('panel 2400 wide');
    await page.setViewportSize({ width: 1800, height: size.height });
    await until('the charts are as they were', async () => (await charts.boundingBox())!.height === usual);
    const edge = shown.locator('rs-splitter [role="separator"][aria-orientation="vertical"]').first();
    const value = (of: typeof edge) => of.getAttribute('aria-valuenow');
    for (let i = 0; i < 4; i++) {
      const before = await value(edge);
      await edge.press('ArrowRight');
      await until('the edge has moved', async () => (await value(edge)) !== before);
    }
    const moved = await value(edge);
    await workbench.reload();
    await workbench.tab(/^Rollscope: /).click();
    const again = await workbench.webview('rs-splitter [role="separator"]');
    const same = again.locator('rs-splitter [role="separator"][aria-orientation="vertical"]').first();
    await until('the edge is where it was', async () => (await value(same)) === moved);
    await page.setViewportSize(size);
  });

  test('shows where a wrong rollout diverges, and the problems grouped by their ids', async () => {
    const shown = await open('measured');
    await shown.locator('rs-scrubber [role="slider"]').press('Home');
    await shown.locator('rs-scrubber [role="slider"]').press('ArrowRight');
    await shown.locator('rs-problems .line.problem[data-quadrant="uncertain-correct"]').first().click();
    await showPane(shown, 'problem');
    await shown.locator('rs-inspector tr[data-rollout] .wrong').first().click();
    await showPane(shown, 'rollout');
    await shown.locator('rs-rollout [data-fork]:not([data-fork="none"])').waitFor();
    await shown.locator('body').press('f');
    await shown.locator('rs-rollout .tokens .now').first().waitFor();
    await showPane(shown, 'problems');
    await scroll(shown, 0);
    await shown.locator('rs-problems [data-order="grouping"]').selectOption('prefix');
    await shown.locator('rs-problems [data-group="sum"]').first().waitFor();
    await shown.locator('rs-problems [data-order="grouping"]').selectOption('quadrant');
  });

  test('shows what flows between the quadrants from A to B, and which problems those are', async () => {
    const { workbench } = code();
    const shown = await open('measured');
    await shown.locator('rs-scrubber [role="slider"]').press('End');
    await showPane(shown, 'problems');
    await shown.locator('rs-problems input').first().fill('');
    const flows = shown.locator('rs-problems .flows > summary');
    await flows.press('Enter');
    const flow = shown.locator('rs-problems [data-flow]').first();
    const [from, to] = (await flow.getAttribute('data-flow'))!.split(' ');
    const count = await flow.locator('b').textContent();
    await workbench.shot('flows');
    await flow.press('Enter');
    await shown.locator(`rs-problems [data-matching="${count}"]`).waitFor();
    await untilValue(shown.locator('rs-problems input').first(), `was:${from} is:${to}`);
    await shown.locator('rs-problems input').first().fill('');
    await flows.press('Enter');
  });

  test('of a run without references shows what is known without them', async () => {
    const { workbench } = code();
    const shown = await open('unlabeled');
    await shown.locator('rs-diagnosis [data-diagnosis="unlabeled"]').waitFor();
    for (const part of ['share', 'switched', 'unstable']) {
      await untilCount(shown.locator(`rs-diagnosis [data-part="${part}"]`), 1);
    }
    await shown.locator('rs-diagnosis [data-part="unstable"]').click();
    await showPane(shown, 'problems');
    await untilValue(shown.locator('rs-problems input').first(), 'share<0.5');
    await workbench.shot('without references');
  });
});

describe.runIf(requireVsCode())('a link', () => {
  const code = useVsCode();

  test("in a report opens the panel at its place, where the report's claim can be checked", async () => {
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
  const code = useVsCode({
    settings: { [settingName('steps')]: 3 },
    files: { 'problems.jsonl': '{"id": "one", "prompt": "3+9+4=", "answer": "16"}\n' },
  });

  test('starts from a chosen checkpoint with another learning rate, after one that is refused', async () => {
    const { workbench, home } = code();
    const size = ['--model', 'embedded:W', '--steps', '2', '--checkpoint-every', '1', '--limit', '4'];
    const { code: status, stderr } = await runCli(['train', ...size, '--eval-samples', '0', '--name', 'parent'], {
      home,
    });
    expect(status, stderr).toBe(0);
    await workbench.runAndPick('forkRun', 'completed');
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

  test('and a probe of the problem at the cursor use a checkpoint', async () => {
    const { workbench } = code();
    await workbench.open('problems.jsonl');
    await workbench.runAndPick('probeOnCheckpoint', 'parent');
    await workbench.pick(/^step 1/);
    const panel = await workbench.webview('rs-header [data-job="probe"][data-status="completed"]');
    await panel.locator('rs-problems [data-problems="1"]').waitFor();
    await panel.locator('rs-header', { hasText: 'from parent at step 1' }).waitFor();
    await workbench.shot('probe of a checkpoint');
  });

  test('is offered when a run cannot be resumed', async () => {
    const { workbench, home } = code();
    // Of another model than the one that is there.
    await writeRunFixture(path.join(home, 'runs', 'broken'), { problems: 4, votes: 4, steps: 4, outcome: 'stopped' });
    await workbench.views();
    const row = workbench.treeRows('runs', 'broken').first();
    await row.waitFor();
    await workbench.contextMenu(row, COMMAND_DEFINITIONS.resume.title);
    const failed = await workbench.webview('rs-start [data-start="failed"]');
    expect(await failed.locator('rs-start h2').textContent()).toBe('Could not resume run broken');
    expect(await failed.locator('rs-start [role="alert"]').textContent()).not.toContain('--');
    await failed.locator('rs-start [data-answer="fork"]').waitFor();
    await workbench.shot('failed resume');
    await failed.locator('rs-start [data-answer="dismiss"]').click();
    await untilCount(failed.locator('rs-start'), 0);
  });
});
