/** Experiments in the editor: their list, their tasks, their reports. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { experiments as all } from '../../engine/experiments/catalog/index.ts';
import { reportPage } from '../../engine/experiments/report/page.ts';
import { RunConfig } from '../../engine/protocol/index.ts';
import { isExperimentTask, outputFolderOf, parseExperiments, processOf } from '../../extension/experiments/list.ts';
import { themedReport } from '../../extension/experiments/report-html.ts';
import { listReports, reportIn, reproductionText } from '../../extension/experiments/reports.ts';
import { temporaryFolder } from '../support/processes.ts';

describe('the list of experiments', () => {
  it('equals that of the command line', () => {
    const experiments = all.map(({ name, title, question, finding, minutes }) => ({
      name,
      title,
      question,
      finding,
      minutes,
    }));
    expect(parseExperiments(`a remark\n${JSON.stringify({ experiments })}\n`)).toEqual(experiments);
    expect(parseExperiments(JSON.stringify({ experiments: [{ name: 'x' }, ...experiments] }))).toEqual(experiments);
    expect(parseExperiments('{"error": {}}')).toEqual([]);
  });
});

describe('an experiment as a task', () => {
  const program = { node: '/node', cli: '/dist/cli.js' };

  it('is the command line in a separate process of the engine’s Node', () => {
    const args = ['p.jsonl', '--seeds', '1'];
    expect(processOf(program, { type: 'rollscope', experiment: 'theory', args }, '/home/.rollscope')).toEqual({
      process: '/node',
      args: ['/dist/cli.js', 'experiment', 'theory', 'p.jsonl', '--seeds', '1'],
      env: { ELECTRON_RUN_AS_NODE: '1', ROLLSCOPE_HOME: '/home/.rollscope' },
    });
    expect(processOf(program, { type: 'rollscope', experiment: 'theory' }, undefined).env).toEqual({
      ELECTRON_RUN_AS_NODE: '1',
    });
  });

  it('is accepted from tasks.json only if it is valid', () => {
    expect(isExperimentTask({ type: 'rollscope', experiment: 'rise-then-fall' })).toBe(true);
    expect(isExperimentTask({ type: 'rollscope', experiment: 'theory', args: ['--seeds', '1'] })).toBe(true);
    for (const bad of [
      { type: 'shell', experiment: 'theory' },
      { type: 'rollscope' },
      { type: 'rollscope', experiment: '--out' },
      { type: 'rollscope', experiment: 'theory', args: '--seeds 1' },
      { type: 'rollscope', experiment: 'theory', args: [1] },
    ]) {
      expect(isExperimentTask(bad), JSON.stringify(bad)).toBe(false);
    }
  });

  it('may write to its own folder', () => {
    const out = (...args: string[]) =>
      outputFolderOf({ type: 'rollscope', experiment: 'theory', args }, path.resolve('/w'));
    expect([out(), out('--seeds', '1'), out('--out')]).toEqual([null, null, null]);
    expect([out('--out', 'here'), out('--out=here')]).toEqual([path.resolve('/w/here'), path.resolve('/w/here')]);
    expect(out('--out', path.resolve('/x'))).toBe(path.resolve('/x'));
  });
});

describe('reports', () => {
  it('are found with their result, the newest first', async () => {
    const root = temporaryFolder();
    const make = (name: string, time: number, result?: string) => {
      const folder = path.join(root, name);
      mkdirSync(folder);
      writeFileSync(path.join(folder, 'report.html'), '<!doctype html>');
      utimesSync(path.join(folder, 'report.html'), time, time);
      if (result) writeFileSync(path.join(folder, 'result.json'), result);
    };
    make('theory', 1000, JSON.stringify({ experiment: 'theory', verdict: 'partly', runs: 3, seconds: 61 }));
    // As it was written before.
    make('generalisation', 500, JSON.stringify({ study: 'generalisation', verdict: 'not', runs: 2, seconds: 60 }));
    make('theory-2', 2000, JSON.stringify({ experiment: 'theory', reproduction: 'reproduced', runs: 4, seconds: 62 }));
    make('broken', 1500, '{"experiment": ');
    mkdirSync(path.join(root, 'unfinished'));
    const reports = await listReports(root);
    expect(reports.map((report) => [path.basename(path.dirname(report.file)), reproductionText(report)])).toEqual([
      ['theory-2', 'Reproduced'],
      ['broken', 'no result'],
      ['theory', 'Partly reproduced'],
      ['generalisation', 'Not reproduced at this scale'],
    ]);
    expect(reports[3]!.experiment).toBe('generalization');
    expect(reports[2]).toMatchObject({ experiment: 'theory', runs: 3, seconds: 61, written: 1_000_000 });
    expect(reports[1]!.experiment).toBe('broken');
    expect(await reportIn(path.join(root, 'unfinished'))).toBeNull();
    expect(await listReports(path.join(root, 'nowhere'))).toEqual([]);
  });

  it('are shown without scripts, in the colors of the theme', () => {
    const page = reportPage({
      experiment: all[0]!,
      findings: {
        criteria: [{ expected: 'a < b & <script>alert(1)</script>', measured: 'yes', met: true }],
        sections: [
          {
            kind: 'plots',
            title: 'P',
            plots: [{ kind: 'lines', title: 'L', x: 'x', y: 'y', series: [{ name: 's', points: [{ x: 0, y: 1 }] }] }],
          },
        ],
        remarks: [],
      },
      reproduction: 'reproduced',
      changed: [],
      base: RunConfig.parse({ dataset: { path: 'embedded' } }),
      seeds: [0],
      seconds: 5,
      runs: [],
    });
    const shown = themedReport(page, 'abc');
    const head = shown.slice(0, shown.indexOf('</head>'));
    // The policy comes before all styles.
    expect(head.indexOf("default-src 'none'; style-src 'nonce-abc'")).toBeGreaterThan(0);
    expect(head.indexOf('Content-Security-Policy')).toBeLessThan(head.indexOf('<style'));
    expect(shown).not.toMatch(/<script|unsafe|<style>|\sstyle="/);
    expect(shown.match(/<style nonce="abc">/g)).toHaveLength(2);
    // Nothing of the page is lost.
    expect(shown.slice(shown.indexOf('<body>'))).toBe(page.slice(page.indexOf('<body>')));
    // Every variable of the page is set for both kinds of theme, and those that the theme knows are taken from it.
    const names = new Set([...page.matchAll(/var\((--[\w-]+)\)/g)].map(([, name]) => name!));
    expect(names.size).toBeGreaterThan(10);
    const own = head.slice(head.lastIndexOf('<style'));
    for (const rule of [/body\.vscode-light[^{]*\{([^}]*)\}/, /body\.vscode-dark[^{]*\{([^}]*)\}/]) {
      const set = rule.exec(own)![1]!;
      for (const name of names) expect(set, name).toContain(`${name}:`);
    }
    expect(own).toContain('--bg:var(--vscode-editor-background)');
    const [light, dark] = [/vscode-light[^{]*\{([^}]*)/, /vscode-dark[^{]*\{([^}]*)/].map((r) => r.exec(own)![1]);
    expect(light).not.toBe(dark);
  });
});
