/** A hostile run in every view of the editor and the panel: nothing raw, no foreign link, image, icon or markup. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { html } from '../../../engine/experiments/report/text.ts';
import { RollscopeError } from '../../../engine/protocol/errors.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { FileResults } from '../../../extension/editor/results.ts';
import { hoverText, resultText } from '../../../extension/editor/texts.ts';
import { themedReport } from '../../../extension/experiments/report-html.ts';
import { Notices } from '../../../extension/notices.ts';
import { Reporter } from '../../../extension/report.ts';
import { rolloutUri } from '../../../extension/rollout/address.ts';
import { layoutRollout } from '../../../extension/rollout/layout.ts';
import { tokenText } from '../../../extension/rollout/token-text.ts';
import { notice, plain, withoutIcons } from '../../../extension/shown.ts';
import { statusContent } from '../../../extension/status-content.ts';
import { DatasetItem } from '../../../extension/trees/datasets.ts';
import { ModelItem } from '../../../extension/trees/models.ts';
import { RunItem } from '../../../extension/trees/runs.ts';
import type { Store } from '../../../webview/store.ts';
import { editor, resetEditor } from '../../support/editor.ts';
import { breaking, hostile, RAW, writeHostileRun } from '../../support/hostile-run.ts';
import { ROOT, temporaryFolder } from '../../support/processes.ts';
import { PROGRESS } from '../../support/progress.ts';
import { panelOn, readSelected, rendered, type Section } from './panel.ts';

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
  test('hovers keep what others wrote in code, and their tables whole', () => {
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
    for (const index of rollout!.tokenTexts!.keys()) expectSafeMarkdown(tokenText(rollout!, index));
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

  test('texts are told and asked in one place', () => {
    const files = readdirSync(path.join(ROOT, 'extension'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const calls = /window\.show(?:Information|Warning|Error)Message|window\.showQuickPick/;
    const found = files.filter((name) => calls.test(readFileSync(path.join(ROOT, 'extension', name), 'utf8')));
    expect(found).toEqual(['tell.ts']);
  });
});

describe('pages', () => {
  test.each<Section>(['app', 'header', 'diagnosis', 'scrubber', 'curves', 'problems', 'inspector', 'rollout'])(
    'the panel: %s',
    async (section) => {
      store.selection.select(0);
      await readSelected(store);
      expect(rendered(store, section)).not.toMatch(RAW);
    },
  );

  test('every template of the page makes its texts visible', () => {
    const files = readdirSync(path.join(ROOT, 'webview'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const direct = /import \{[^}]*\b(?:html|svg)\b[^}]*\} from 'lit'/;
    expect(files.filter((name) => direct.test(readFileSync(path.join(ROOT, 'webview', name), 'utf8')))).toEqual([
      'html.ts',
    ]);
  });

  test('reports', () => {
    expect(html(breaking('x'))).not.toMatch(RAW);
    expect(html(breaking('x'))).not.toMatch(/[<>"]/);
  });

  test.each([
    '<!doctype html>\n<html><head><style></style></head><body></body></html>',
    '<!-- <head> --><HEAD></HEAD><img src="http://h/x">',
    '<img src="http://h/x"><head></head>',
  ])('a report of anybody has the policy before everything: %s', (page) => {
    const themed = themedReport(page, 'n');
    expect(themed.toLowerCase().startsWith('<!doctype html><meta http-equiv="content-security-policy"')).toBe(true);
    expect(themed.match(/<!doctype/gi)).toHaveLength(1);
  });
});
