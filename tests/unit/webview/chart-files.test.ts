/** Every chart as a file: its menu, its numbers, and the matrix as a drawing of all problems. */
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { SavedFile } from '../../../engine/runs/saved-file.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { matrixSvg } from '../../../webview/charts/matrix-svg.ts';
import { matrixTable } from '../../../webview/sections/problems/matrix-file.ts';
import type { Store } from '../../../webview/store.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { clicksOf } from './markup.ts';
import { panelOn, readSelected, rendered, type Section, template } from './panel.ts';

let run: OpenRun;
beforeAll(async () => {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 12, steps: 6, every: 3 });
  run = await OpenRun.read(folder);
});

/** What is saved by an entry of a chart's menu. */
async function saved(store: Store, section: Section, name: string, type: 'csv'): Promise<string> {
  const save = vi.spyOn(store.requests, 'saveFile').mockReturnValue();
  const clicks = clicksOf(template(store, section));
  const names = [...rendered(store, section).matchAll(/data-save="([^"]+)"/g)].map(([, one]) => one);
  const items = clicks.filter(({ element }) => element.includes(`data-action="${type}"`));
  const event = { currentTarget: { closest: () => ({ open: true }) } };
  (items[names.indexOf(name)]!.click as (event: unknown) => void)(event);
  const [[file]] = save.mock.calls as [[SavedFile]];
  const { content } = file;
  expect(file.name).toBe(`run-${name}.csv`);
  save.mockRestore();
  return content;
}

describe('the numbers of', () => {
  test.each([
    ['histograms', 'histogram-share', 'from,to,problems,matching'],
    ['calibration', 'calibration-scatter', 'problem,majority share,accuracy,token probability,answer,verdict'],
    ['inspector', 'answers-', 'answer,correct,share at A,share at B'],
    ['problems', 'problems-over-time', 'problem,step,phase,majority,answer,share'],
  ] as const)('%s are saved', async (section, name, head) => {
    const store = await panelOn(run);
    await readSelected(store);
    const named = name === 'answers-' ? `answers-${store.selected!.problem.id}` : name;
    const text = await saved(store, section, named, 'csv');
    const [first, ...rows] = text.trim().split('\n');
    expect(first).toBe(head);
    expect(rows.length).toBeGreaterThan(0);
  });
});

describe('the matrix', () => {
  const problems = () => [null, ...run.problems];
  const picture = (more: object = {}) =>
    matrixSvg({
      ...{ columns: run.columns, problems: problems(), steps: 6, background: '#000', foreground: '#fff' },
      colors: {
        ...{ solid: Array(6).fill('blue'), unknown: Array(6).fill('blue'), wrong: Array(6).fill('red') },
        ...{ undecided: 'gray', faint: 'silver' },
      },
      ...more,
    });

  test('as numbers has every group that represents a problem', () => {
    const { rows } = matrixTable(run.columns, problems());
    expect(new Set(rows.map(([problem]) => problem))).toEqual(new Set(run.problems.map(({ id }) => id)));
    expect(rows.every(([, , , , , share]) => typeof share === 'number')).toBe(true);
  });

  test('as a drawing has all problems, with the wrong ones hatched', () => {
    const svg = picture();
    for (const { id } of run.problems) expect(svg).toContain(`>${id}</text>`);
    expect(svg).toMatch(/<path fill="url\(#wrong-\d\)"/);
    expect(svg).toContain('<pattern id="wrong-5"');
  });

  test('stays within what can be drawn and saved, however many problems there are', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => ({ ...run.problems[i % 12]!, id: `<p${i}>` }));
    const svg = picture({ problems: many });
    expect(Number(/height="(\d+)"/.exec(svg)![1])).toBeLessThan(16_000);
    expect(svg.length).toBeLessThan(2 ** 25);
    expect(svg).not.toContain('<p0>');
  });
});
