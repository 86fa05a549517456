/** A hostile run in every view of the editor and the panel: nothing raw, no foreign link, image, icon or markup. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { htmlText } from '../../../engine/experiments/report/text.ts';
import { writeNote } from '../../../engine/journal/notes.ts';
import { parseAddress } from '../../../engine/protocol/address.ts';
import { RollscopeError } from '../../../engine/protocol/errors.ts';
import { START_ANSWERS } from '../../../engine/runs/start-state.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { FileResults } from '../../../extension/editor/results.ts';
import { hoverText, resultText } from '../../../extension/editor/texts.ts';
import { themedReport } from '../../../extension/experiments/report-html.ts';
import { Notices } from '../../../extension/notices.ts';
import { Reporter } from '../../../extension/report.ts';
import { rolloutUri } from '../../../extension/rollout/address.ts';
import { layoutRollout } from '../../../extension/rollout/layout.ts';
import { tokenHover } from '../../../extension/rollout/token-text.ts';
import { notice, plain, withoutIcons } from '../../../extension/shown.ts';
import { statusContent } from '../../../extension/status-content.ts';
import { DatasetItem } from '../../../extension/trees/datasets.ts';
import { ModelItem } from '../../../extension/trees/models.ts';
import { RunItem } from '../../../extension/trees/runs.ts';
import { selectedAddress } from '../../../webview/notebook.ts';
import { Store } from '../../../webview/store.ts';
import { editor, resetEditor } from '../../support/editor.ts';
import { breaking, hostile, RAW, writeHostileRun } from '../../support/hostile-run.ts';
import { ROOT, temporaryFolder } from '../../support/processes.ts';
import { PROGRESS } from '../../support/progress.ts';
import { until } from '../../support/wait.ts';
import { FakeWebview } from './fake-webview.ts';
import { markup } from './markup.ts';
import { conversationOf, panelOn, readSelected, rendered, SECTIONS, template } from './panel.ts';

vi.mock('vscode', async () => (await import('../../support/editor.ts')).vscode);

let run: OpenRun;
let store: Store;
beforeAll(async () => {
  const folder = path.join(temporaryFolder(), 'theirs');
  await writeHostileRun(folder);
  run = await OpenRun.read(folder);
  store = await panelOn(run);
});
beforeEach(() => resetEditor());

/** What Markdown has left of a text once its inline code and what is escaped are gone. */
function outsideOfCode(markdown: string): string {
  return markdown.replace(/\\[\\`*_~[\]()<>&|!#$:@]|(?<!`)(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, '');
}

function expectSafeMarkdown(text: string): void {
  expect(text).not.toMatch(RAW);
  const rest = outsideOfCode(text).replace('[Show in Panel](command:ours)', '');
  expect(rest).not.toMatch(/\]\(|<\w|!\[|\$\(/);
}

describe('the editor', () => {
  test('hovers keep foreign text in code, and their tables intact', () => {
    const results = new FileResults(run, run.problems[0]!.source);
    for (const { row, text, id } of run.problems) {
      const result = results.find({ row, line: row, endLine: row, id, prompt: text } as never)!;
      const hover = hoverText(result, 'command:ours');
      expectSafeMarkdown(hover);
      // A table ends at an empty line.
      for (const table of hover.split('\n\n').filter((part) => part.startsWith('|'))) {
        expect(new Set(table.split('\n').map((line) => line.split('|').length)).size).toBe(1);
      }
      const shown = resultText(result.view);
      expect(plain(shown)).not.toMatch(RAW);
      expect(withoutIcons(shown)).not.toMatch(/(?<!\\)\$\(/);
    }
  });

  test('rollouts are documents of visible text, and tokens have safe hovers', async () => {
    const { detail, why } = await run.readGroup({ phase: 'train', step: 2, problem: 0 });
    const [rollout] = detail.rollouts;
    const problem = run.problems[0]!;
    const facts = { run: hostile('run'), step: 2, phase: 'train', problem, index: 0, of: 4, imported: true };
    const { text } = layoutRollout({ ...facts, why: `${why[0]}${hostile('why')}`, rollout: rollout! });
    expect(text).toContain('␛]0;owned␇');
    expect(text).not.toMatch(RAW);
    for (const index of rollout!.tokenTexts!.keys()) expectSafeMarkdown(tokenHover(rollout!, index));
    const address = {
      folder: run.folder,
      problem: problem.id,
      row: null,
      phase: 'train',
      step: 2,
      rollout: 1,
    } as const;
    expect(rolloutUri(address, hostile('run')).path).not.toMatch(RAW);
  });

  test('trees', () => {
    const info = {
      ...run.info,
      run: hostile('run'),
      status: 'failed',
      skipped: { message: breaking('skipped') },
      sampled: null,
    };
    const error = new RollscopeError('run-broken', breaking('message'), breaking('hint'));
    for (const item of [
      new RunItem(info as never, 'failed'),
      new RunItem({ ...info, status: 'unreadable', error } as never, 'unreadable'),
      new DatasetItem(`/data/${hostile('sums')}.jsonl`),
      new ModelItem(hostile('owner/model'), false),
      new ModelItem(`/models/${hostile('folder')}/x.gguf`, true),
    ] as unknown as Record<string, unknown>[]) {
      const { label, description, tooltip, accessibilityInformation } = item;
      for (const text of [label, description, tooltip, accessibilityInformation]) {
        const shown = typeof text === 'object' ? JSON.stringify(Object.values(text as object).join('\n')) : text;
        expect(String(shown)).not.toMatch(RAW);
      }
    }
  });

  test('the status bar', () => {
    const progress = { ...PROGRESS, run: breaking('run'), activity: 'asking', detail: breaking('doing') } as const;
    for (const health of ['preparing', 'running'] as const) {
      const { text, label, tooltip } = statusContent(health, progress);
      expect(text.replace('$(loading~spin)', '')).not.toMatch(/(?<!\\)\$\(/);
      expect(text + label).not.toMatch(RAW);
      const links = tooltip.split('\n\n').at(-1)!;
      expectSafeMarkdown(tooltip.replace(links, ''));
    }
  });

  test('notifications and the log', () => {
    const report = new Reporter();
    const notices = new Notices(report, () => {});
    notices.warnings(run);
    notices.ended(run, { reason: 'failed', step: 2, error: { code: 'internal', message: breaking('m') } } as never);
    report.error(new RollscopeError('model', breaking('message'), breaking('hint')));
    report.error(new Error(breaking('bug')));
    expect(editor.shown).toHaveLength(4);
    for (const { message } of editor.shown) {
      expect(message).toContain('␛');
      expect(message).not.toMatch(RAW);
      expect(message).not.toContain('](');
    }
    expect(notice('[go](command:x)')).toBe('[go] (command:x)');
  });

  test('quick picks and input boxes: icons are ours, rows are one line that fits', async () => {
    const { choose, chooseOrPress, chooseSeveral, write } = await import('../../../extension/tell.ts');
    const long = '$(trash) \u202e'.repeat(1000);
    const head = { title: breaking('title'), placeHolder: `${breaking('hint')}\n${long}` };
    const item = { label: `${breaking('name')}\n${long}`, description: `$(x)${breaking('d')}`, detail: long };
    const items = [{ ...item, icon: 'check' }, { ...item }];
    await choose(items, head);
    await choose(Promise.resolve(items), head);
    await chooseSeveral(items, head);
    chooseOrPress(items, { ...head, button: {} as never }, { choose() {}, press() {} });
    for (const { items: rows, options } of editor.asked) {
      const texts = rows.flatMap(({ label, description, detail }) => [label, description!, detail!]);
      expect(texts).toHaveLength(6);
      expect(texts[0]!.startsWith('$(check) name')).toBe(true);
      for (const text of [...texts, options.title as string, options.placeHolder as string]) {
        expect(text).not.toMatch(RAW);
        expect(text).not.toContain('\n');
        expect([...text].length).toBeLessThan(3000);
      }
      expect(texts.join(' ').replace('$(check)', '')).not.toMatch(/(?<!\\)\$\(/);
    }
    await write({ title: breaking('title'), prompt: breaking('prompt'), value: 'x' });
    const { title, prompt } = editor.asked.at(-1)!.options;
    expect(`${title}${prompt}`).not.toMatch(RAW);
  });

  test('the question about programs shows the beginning and the end of a long one, and keeps its buttons', async () => {
    const { confirmForeignPrograms } = await import('../../../extension/run/consent.ts');
    const program = `custom: "rm -rf ${'x'.repeat(100_000)} ; evil"`;
    await confirmForeignPrograms(
      new RollscopeError('config', 'x', 'y', {
        details: { reason: 'command-not-allowed', programs: [program, hostile('p')], folder: hostile('f') },
      }),
    );
    const { detail } = editor.shown.at(-1)!;
    expect(detail!.length).toBeLessThan(2000);
    expect(detail).toMatch(/custom: "rm -rf x+ \[…99\d{3} more characters, in run\.json…\] x+ ; evil"/);
    expect(detail).not.toMatch(RAW);
  });

  test('texts are shown in one place', () => {
    const files = readdirSync(path.join(ROOT, 'extension'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const calls =
      /window\.show(?:Information|Warning|Error)Message|window\.(?:showQuickPick|createQuickPick|showInputBox)/;
    const found = files.filter((name) => calls.test(readFileSync(path.join(ROOT, 'extension', name), 'utf8')));
    expect(found).toEqual(['tell.ts']);
    // an icon in a row's text is nobody's of ours
    const commands = files.filter((name) => /^commands[\\/]|^target\.ts$/.test(name));
    const icons = commands.filter((name) => readFileSync(path.join(ROOT, 'extension', name), 'utf8').includes('$('));
    expect(icons).toEqual([]);
  });
});

describe('pages', () => {
  test.each(SECTIONS)('the panel: %s', async (section) => {
    store.selection.select(0);
    await readSelected(store);
    expect(rendered(store, section)).not.toMatch(RAW);
  });

  test('cursor A at a hostile run, its menu, and what is compared with it', async () => {
    const webview = new FakeWebview();
    const choice = {
      ...run.info,
      run: breaking('other'),
      model: breaking('m/x'),
      dataset: breaking('d'),
      reward: breaking('r'),
    };
    const other = await OpenRun.read(run.folder);
    Object.assign(other.file, {
      foreign: { ...other.file.foreign, settings: { [breaking('setting')]: breaking('else') } },
    });
    const host = conversationOf(webview, { listRuns: async () => [choice as never], takeRun: async () => other });
    host.show(run);
    const page = new Store(webview.page());
    await until('the run is shown', () => page.phase === 'run');
    page.compareWithRun(run.folder, 1);
    page.cursorARun.list();
    await until('the run of A is there', () => page.cursorARun.other !== null && page.cursorARun.choices !== null);
    page.selection.select(0);
    await readSelected(page);
    for (const section of SECTIONS) expect(rendered(page, section)).not.toMatch(RAW);
    expect(markup(template(page, 'cursorA', { isOpen: true }))).toContain('other␛');
    expect(markup(template(page, 'cursorA', { isOpen: true }))).not.toMatch(RAW);
    const settings = markup(template(page, 'cursorARun', { showsSettings: true }));
    expect(settings).toContain('else␛');
    expect(settings).not.toMatch(RAW);
    expect(parseAddress(selectedAddress(page))).toMatchObject({ folder: run.folder, from: 1, fromRun: run.folder });
  });

  test('a start that failed, with its settings', async () => {
    const webview = new FakeWebview();
    const host = conversationOf(webview);
    host.show(run);
    const page = new Store(webview.page());
    await until('the run is shown', () => page.phase === 'run');
    const settings = [
      { id: breaking('id'), name: breaking('rollscope.x'), value: breaking('v'), usual: breaking('u') },
    ];
    const error = { code: 'config' as const, message: breaking('message rollscope.x'), hint: breaking('hint') };
    const what = breaking('train on x');
    const start = { answer: async () => {}, openSetting: async () => {} };
    for (const usual of ['preset', 'parent'] as const) {
      host.showStart({ ...start, state: { state: 'failed', what, error, settings, usual, answers: START_ANSWERS } });
      await until('it is shown', () => page.start?.state === 'failed' && page.start.usual === usual);
      expect(rendered(page, 'start')).toContain('train on x␛');
      expect(rendered(page, 'start')).not.toMatch(RAW);
    }
    host.showStart({ ...start, state: { state: 'preparing', what } });
    await until('it is prepared', () => page.start?.state === 'preparing');
    expect(rendered(page, 'start')).not.toMatch(RAW);
  });

  test('hostile notes', async () => {
    const note = { id: 'n', time: new Date(0).toISOString(), text: breaking('note'), pinned: true };
    const place = { step: 1, phase: 'train' as const, problem: breaking('id'), row: null, rollout: 1, tokens: null };
    await writeNote(run.folder, { ...note, ...place });
    store.notebook.read();
    await until('they are read', () => store.notebook.notes.length > 0);
    expect(rendered(store, 'notes')).toContain('note␛');
    expect(rendered(store, 'notes')).not.toMatch(RAW);
  });

  test('every template of the page makes its texts visible', () => {
    const files = readdirSync(path.join(ROOT, 'webview'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const direct = /import \{[^}]*\b(?:html|svg)\b[^}]*\} from 'lit'/;
    const textOf = (name: string) => readFileSync(path.join(ROOT, 'webview', name), 'utf8');
    expect(files.filter((name) => direct.test(textOf(name)))).toEqual(['html.ts']);
    // and what is set without a template
    const set = /\.(?:title|textContent|innerText|innerHTML|ariaLabel|placeholder) = (?!visible\(|`\$\{visible\()/;
    expect(files.filter((name) => set.test(textOf(name)))).toEqual([path.join('charts', 'export.ts')]);
  });

  test('reports', () => {
    expect(htmlText(breaking('x'))).not.toMatch(RAW);
    expect(htmlText(breaking('x'))).not.toMatch(/[<>"]/);
  });

  test.each([
    '<!doctype html>\n<html><head><style></style></head><body></body></html>',
    '<!-- <head> --><HEAD></HEAD><img src="http://h/x">',
    '<img src="http://h/x"><head></head>',
  ])('an untrusted report has the policy before everything: %s', (page) => {
    const themed = themedReport(page, 'n');
    expect(themed.toLowerCase().startsWith('<!doctype html><meta http-equiv="content-security-policy"')).toBe(true);
    expect(themed.match(/<!doctype/gi)).toHaveLength(1);
  });
});
