/**
 * A run of another trainer in panel and editor: every surface shows it, what was not recorded is a dash, and what the
 * trainer named stands under its names.
 */
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Rollout } from '../../../engine/protocol/group.ts';
import type { Metric } from '../../../engine/runs/series.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { FileResults } from '../../../extension/editor/results.ts';
import { hoverText, resultText } from '../../../extension/editor/texts.ts';
import { layoutRollout } from '../../../extension/rollout/layout.ts';
import { RunItem } from '../../../extension/trees/runs.ts';
import { choicesOf } from '../../../webview/charts/metrics.ts';
import { rolloutTable } from '../../../webview/sections/inspector/rollout-table.ts';
import type { Store } from '../../../webview/store.ts';
import { type ForeignFixture, TRL, writeForeignRun } from '../../support/foreign-run.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { markup, textsOf } from './markup.ts';
import { panelOn, readSelected, rendered, type Section } from './panel.ts';

vi.mock('vscode', async () => (await import('../../support/editor.ts')).vscode);

let fixture: ForeignFixture;
let run: OpenRun;
let store: Store;
beforeAll(async () => {
  const root = temporaryFolder();
  fixture = await writeForeignRun(`${root}/trl`, { dataset: `${root}/sums.jsonl` });
  run = await OpenRun.read(fixture.folder);
  store = await panelOn(run);
});

/** Nothing that is shown may look like a value that does not exist. */
function clean(text: string): string {
  expect(text).not.toMatch(/\b(NaN|undefined|null|Infinity)\b|\[object/);
  return text;
}

function shown(section: Section): { html: string; text: string } {
  const html = clean(rendered(store, section));
  return { html, text: clean(textsOf(html)) };
}

/** Chooses a problem at a step and waits for its rollouts. */
async function inspect(id: string, step: number | null = null): Promise<{ html: string; text: string }> {
  store.selection.lookAt(step);
  store.selection.select(fixture.problems.findIndex((problem) => problem.id === id));
  if (store.selected!.view.row !== null) await readSelected(store);
  return shown('inspector');
}

describe('the panel', () => {
  test('names the trainer of the run, and offers nothing that only the trainer can do', () => {
    const { html, text } = shown('header');
    expect(text).toContain('imported from TRL 0.20.0');
    expect(html).toContain(TRL.files.join('\n'));
    expect(text).not.toContain('Resume');
    expect(text).toMatch(/step \d+ (?!of)/);
  });

  test('lists every problem with what is known', () => {
    const { html } = shown('problems');
    for (const { index } of run.problems) expect(html).toContain(`data-problem="${index}"`);
    const views = store.rows.map(({ view }) => [view.status, view.confidence]);
    expect(views.map(([status]) => status)).toEqual([
      ...['majority', 'majority', 'majority', 'unanswered', 'tie', 'unanswered', 'unsampled'],
    ]);
    expect(views.every(([, confidence]) => confidence === null)).toBe(true);
  });

  test('has charts of the trainer’s own metrics', () => {
    const own = choicesOf(store.columns.series).flatMap(({ metric, label }) =>
      metric.startsWith('foreign/') ? [label] : [],
    );
    expect(own).toEqual([
      'loss',
      'learning_rate',
      'completions/mean_length',
      'sampling/importance_ratio',
      'rewards/accuracy_reward/std',
    ]);
    store.selection.chooseChart(0, 'foreign/completions/mean_length' as Metric, store.columns);
    store.selection.chooseChart(1, 'foreign/sampling/importance_ratio' as Metric, store.columns);
    const { html } = shown('curves');
    expect(html).toContain('aria-label="completions/mean_length: step"');
    expect(store.selection.charts(store.columns).slice(0, 2)).toEqual([
      'foreign/completions/mean_length',
      'foreign/sampling/importance_ratio',
    ]);
  });

  test('shows rewards and values of each rollout by name', async () => {
    const { text } = await inspect('right', 1);
    for (const name of ['accuracy_reward', 'format_reward', 'completion_length', 'stop_reason', 'masked', 'kl']) {
      expect(text).toContain(name);
    }
    expect(shown('rollout').text).toContain('token probabilities were not recorded');
    expect(text).not.toContain('Confidence');
    // Whether the others trained is not known.
    expect(text).not.toContain('trained of');
  });

  test.each(['right', 'wrong', 'no-reference', 'unanswered', 'tied', 'silent', 'never'])('inspects %s', async (id) => {
    expect((await inspect(id)).text).toContain(`Problem ${id}`);
  });

  test('sorts the rollouts by any column, those without a value last', async () => {
    const { detail } = await run.readGroup({ phase: 'train', step: 1, problem: 0 });
    const orderOf = (column: string, descending: boolean) => {
      const table = rolloutTable({
        phase: 'train',
        rollouts: detail.rollouts,
        imported: true,
        others: [],
        order: { column, descending },
        sortBy: () => {},
        chosen: 0,
        choose: () => {},
        step: () => {},
      });
      return [...markup(table).matchAll(/<td class="number muted">(\d)/g)].map(([, number]) => Number(number));
    };
    expect(orderOf('advantage', true)).toEqual([2, 1, 3, 4]);
    expect(orderOf('rewards/format_reward', true)).toEqual([1, 2, 4, 3]);
    expect(orderOf('foreign/completion_length', true)).toEqual([4, 3, 2, 1]);
    expect(orderOf('foreign/stop_reason', false)).toEqual([1, 3, 4, 2]);
  });
});

describe('the editor', () => {
  test('shows it above and next to the problems, and in hovers', () => {
    const results = new FileResults(run, fixture.dataset);
    const shown = fixture.problems.map((problem) => {
      const found = results.find({ row: problem.row, id: problem.id, prompt: problem.text });
      if (!found) return null;
      clean(hoverText(found, 'command:x'));
      return resultText(found.view);
    });
    expect(shown).toEqual([
      '✓ 5 (share 0.67)',
      '✗ 5 (share 0.67)',
      '12 (share 0.67)',
      'no answer',
      '56 (tie, share 0.50)',
      'no answer',
      null,
    ]);
  });

  test('lists it with its trainer and without Resume', () => {
    const item = new RunItem({ ...run.info, status: 'stopped' }, 'stopped') as unknown as {
      label: string;
      description: string;
      contextValue: string;
      tooltip: { value: string } | string;
    };
    expect(item.label).toBe(run.run);
    expect(clean(item.description)).toContain('accuracy_reward + format_reward · sums · ');
    expect(clean(item.description)).toContain('3/–');
    expect(item.contextValue).toBe('run.completed');
    const tooltip = typeof item.tooltip === 'string' ? item.tooltip : item.tooltip.value;
    expect(clean(tooltip)).toContain('TRL 0.20.0');
    for (const file of TRL.files) expect(tooltip).toContain(file);
  });

  test('has a document of each rollout', async () => {
    const { detail, why } = await run.readGroup({ phase: 'train', step: 1, problem: 0 });
    const documentOf = (index: number) => {
      const rollout: Rollout = detail.rollouts[index]!;
      const { text } = layoutRollout({
        ...{ run: run.run, step: 1, phase: 'train', problem: run.problems[0]!, index, of: 4, imported: true },
        why: why[index]!,
        rollout,
      });
      return clean(text);
    };
    const rows = new Map(
      documentOf(2)
        .split('\n')
        .map((line) => line.trim().split(/ {2,}/) as [string, string]),
    );
    const expected = {
      Reward: '0.50, advantage not recorded',
      accuracy_reward: '0',
      format_reward: '–',
      Why: 'no explanation was recorded',
      Tokens: '–',
      'Log-prob': '–',
      completion_length: '22',
      stop_reason: 'eos',
      masked: 'yes',
      kl: '–',
    };
    for (const [name, value] of Object.entries(expected)) expect([name, rows.get(name)]).toEqual([name, value]);
    // Nothing is shaded without token statistics.
    expect(documentOf(0)).not.toContain('shaded');
  });
});
