/** The parts of the extension host that need no editor: finding problems, results and their texts, health, the page. */
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { withAbsolutePaths } from '../../engine/config/paths.ts';
import { fallbackText, forecastText, signalsOf } from '../../engine/protocol/forecast-text.ts';
import type { Problem } from '../../engine/protocol/index.ts';
import { shownVerdict } from '../../engine/protocol/verdict.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { pageHtml } from '../../engine/view/page.ts';
import { debounce, throttle } from '../../engine/view/timing.ts';
import { commandId, commandLink } from '../../extension/command-definitions.ts';
import { formatOf, looksLikeProblems } from '../../extension/editor/detect.ts';
import { findProblems } from '../../extension/editor/find-problems.ts';
import { FileResults } from '../../extension/editor/results.ts';
import { hoverText, resultText, SHORT_RESULT, shortResultText } from '../../extension/editor/texts.ts';
import { healthOf, runKeyOf } from '../../extension/health.ts';
import { runOfViewState } from '../../extension/panel/view-state.ts';
import { buildConfig, type DatasetTarget } from '../../extension/run-config.ts';
import { STATUS_COMMANDS, statusContent } from '../../extension/status-content.ts';
import { forecastOf, problemForecast } from '../support/forecast.ts';
import { temporaryFolder } from '../support/processes.ts';
import { PROGRESS } from '../support/progress.ts';
import { expectThrow } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

/** A problem as its file has it. */
const asIn = ({ row, id, text }: Problem) => ({ row, id, prompt: text });

describe('detection', () => {
  it('recognizes problem files by their beginning', () => {
    expect(looksLikeProblems('{"question": "1+1?", "answer": "2"}\n', 'jsonl')).toBe(true);
    expect(looksLikeProblems('\n\n{"id": 1, "Prompt": "1+1?"}', 'jsonl')).toBe(true);
    expect(looksLikeProblems(`[\n  {"id": "0", "prompt": "${'long '.repeat(2000)}`.slice(0, 8192), 'json')).toBe(true);
    expect(looksLikeProblems('{"data": [{"problem": "x"}]}', 'json')).toBe(true);
    expect(looksLikeProblems('id;question;answer\n1;x;2\n', 'csv')).toBe(true);
    expect(looksLikeProblems('\uFEFF"prompt"\tanswer\n', 'csv')).toBe(true);
    expect(looksLikeProblems('{"text": "x"}', 'jsonl', { prompt: 'text' })).toBe(true);
  });

  it('leaves other files alone', () => {
    expect(looksLikeProblems('{"name": "x", "files": ["a"], "scripts": {"test": "x"}}', 'json')).toBe(false);
    expect(looksLikeProblems('[1, 2, 3]', 'json')).toBe(false);
    expect(looksLikeProblems('[{"name": "x"}]', 'json')).toBe(false);
    expect(looksLikeProblems('{"text": "x"}\n{"prompt": "y"}', 'jsonl')).toBe(false);
    expect(looksLikeProblems('a,b\nprompt,x\n', 'csv')).toBe(false);
    expect(looksLikeProblems('', 'jsonl')).toBe(false);
    expect(looksLikeProblems('{"prompt": "x"}', 'jsonl', { prompt: 'text' })).toBe(false);
    expect([formatOf('/a/B.JSONL'), formatOf('x.tsv'), formatOf('x.txt'), formatOf('jsonl')]).toEqual([
      'jsonl',
      'csv',
      null,
      null,
    ]);
  });

  it('finds problems with their lines, ids and texts', () => {
    expect(
      findProblems('{"prompt": "a"}\n\n{"id": "x", "prompt": "b"}\n{"no": 1}\n{"prompt": "c', 'jsonl', {}),
    ).toEqual([
      { row: 0, line: 0, endLine: 0, id: '0', prompt: 'a' },
      { row: 1, line: 2, endLine: 2, id: 'x', prompt: 'b' },
      { row: 3, line: 4, endLine: 4, id: '3', prompt: null },
    ]);
    expect(findProblems('[\n  {\n    "prompt": "a}",\n    "id": 7\n  },\n  {"prompt": "b"}\n]', 'json', {})).toEqual([
      { row: 0, line: 1, endLine: 4, id: '7', prompt: 'a}' },
      { row: 1, line: 5, endLine: 5, id: '1', prompt: 'b' },
    ]);
    expect(findProblems('{"q": "a"}', 'jsonl', { prompt: 'q' }, 40, 100)).toEqual([
      { row: 40, line: 100, endLine: 100, id: '40', prompt: 'a' },
    ]);
  });

  it('shows no lenses if several problems share a line', () => {
    expect(
      findProblems('[{"prompt": "a"}, {"prompt": "b"},\n{"prompt": "c"}]', 'json', {}).map(({ row }) => row),
    ).toEqual([2]);
  });
});

describe('results', () => {
  async function fixture() {
    const dataset = path.join(temporaryFolder(), 'sums.jsonl');
    const { folder } = await writeRunFixture(path.join(temporaryFolder(), 'run'), {
      problems: 6,
      votes: 8,
      steps: 2,
      every: 2,
      dataset,
    });
    const run = await OpenRun.read(folder);
    return { run, results: new FileResults(run, dataset), dataset };
  }

  it('belong to problems with unchanged text, wherever they have moved', async () => {
    const { run, results } = await fixture();
    const { text: prompt, id } = run.problems[2]!;
    expect(results.find({ row: 2, id, prompt })?.problem.index).toBe(2);
    expect(results.find({ row: 40, id: '40', prompt })?.problem.index).toBe(2);
    expect(results.find({ row: 2, id, prompt: `${prompt} ` })).toBeUndefined();
    expect(results.find({ row: 2, id, prompt: null })).toBeUndefined();
  });

  it('are not taken from problems of another file', async () => {
    const { run } = await fixture();
    const { text: prompt, id } = run.problems[2]!;
    expect(new FileResults(run, '/elsewhere/sums.jsonl').find({ row: 2, id, prompt })).toBeUndefined();
  });

  it('show share, verdict and answer', async () => {
    const { run, results } = await fixture();
    const all = run.problems.map((problem) => results.find(asIn(problem))!);
    expect(new Set(all.map(({ view }) => view.verdict))).toEqual(new Set(['correct', 'wrong']));
    for (const { view } of all) {
      const mark = view.verdict === 'correct' ? '✓' : '✗';
      expect(resultText(view)).toBe(`${mark} ${view.answer} (share ${view.share!.toFixed(2)})`);
    }
    const { view } = all[0]!;
    expect(resultText({ ...view, answer: null, status: 'unanswered' })).toBe('no answer');
    expect(resultText({ ...view, verdict: 'unknown' })).not.toMatch(/[✓✗]/);
    // A tie and a single vote are no majorities, and what most rollouts lack is said.
    expect(resultText({ ...view, status: 'tie' })).toMatch(/^[^✓✗]*\(tie, share/);
    expect(resultText({ ...view, status: 'single' })).toMatch(/^[^✓✗]*\(single vote, share/);
    expect(shownVerdict({ status: 'tie', verdict: 'wrong' })).toBe('unknown');
    const cut = { ...view, rollouts: 8, truncated: 8 };
    expect(resultText({ ...cut, unanswered: 6 })).toMatch(/8 of 8 truncated, 6 of 8 without an answer\)$/);
    expect(resultText({ ...cut, answer: null, status: 'unanswered' })).toBe('no answer (8 of 8 truncated)');
  });

  it('fit before the text of a long line, whatever the answer', async () => {
    const { run } = await fixture();
    const view = run.view(0);
    const [share, mark] = [view.share!.toFixed(2), view.verdict === 'correct' ? '✓' : '✗'];
    expect(shortResultText(view)).toBe(`${mark} ${view.answer} ${share}`);
    expect(shortResultText({ ...view, status: 'tie' })).toBe(`tie ${view.answer} ${share}`);
    expect(shortResultText({ ...view, status: 'single' })).toBe(`1 vote ${view.answer} ${share}`);
    const cut = { ...view, rollouts: 8, truncated: 8 };
    expect(shortResultText({ ...cut, answer: null, status: 'unanswered' })).toBe('no answer cut');
    for (const status of ['majority', 'tie', 'single'] as const) {
      const text = shortResultText({ ...cut, status, answer: 'a\n long answer '.repeat(9) });
      expect(text.length).toBeLessThanOrEqual(SHORT_RESULT);
      expect(text).toMatch(/^\S.*… \d\.\d\d cut$/);
    }
  });

  it('list every answer with its rollouts in the hover, safely', async () => {
    const { results, run } = await fixture();
    const result = results.find(asIn(run.problems[0]!))!;
    const evil = { answer: '`\\|\n[x](command:evil)`', count: 1, correct: false };
    const clusters = run.columns.clustersOf(result.view.row!);
    vi.spyOn(run.columns, 'clustersOf').mockReturnValue([...clusters, evil]);
    const text = hoverText(result, 'command:x');
    const [table] = text
      .split('\n\n')
      .slice(1)
      .map((part) => part.split('\n'));
    expect(table).toHaveLength(2 + clusters.length + 1 + (result.view.unanswered > 0 ? 1 : 0));
    expect(table!.find((row) => row.includes('evil'))).toBe(
      '| `` `\\ ``&#124;``  [x](command:evil)` `` | ✗ | 1 | 0.13 |',
    );
    expect(text).toContain('[Show in Panel](command:x)');
    // The curves over the steps.
    expect(text).toMatch(/\n\| majority share \| `[▁-█]+` \| \d\.\d\d → \d\.\d\d \|\n\| correct \| `[▁-█]+` \|/);
  });
});

describe('the forecast of a problem', () => {
  it('is shown above it until its outcome is known, and in the hover with its signals', async () => {
    const dataset = path.join(temporaryFolder(), 'sums.jsonl');
    const { folder } = await writeRunFixture(path.join(temporaryFolder(), 'run'), {
      problems: 4,
      votes: 8,
      steps: 2,
      every: 2,
      dataset,
    });
    const run = await OpenRun.read(folder);
    const results = new FileResults(run, dataset);
    const of = (index: number) => results.find(asIn(run.problems[index]!))!;
    expect(of(0).view).toMatchObject({ prediction: null, outcome: null });
    const forecast = forecastOf([
      problemForecast(0),
      problemForecast(1, { answer: '|`', majority: false, right: 0.2, share: null, margin: null, confidenceGap: -0.5 }),
      problemForecast(2, { answer: null, right: 0 }),
    ]);
    const [seq, time] = [run.columns.seq, '2025-01-01T00:00:00.000Z'];
    run.append([{ type: 'forecast', seq: seq + 1, time, step: 0, forecast }]);
    expect([0, 1, 2].map((index) => forecastText(of(index).view.prediction!))).toEqual([
      expect.stringMatching(/\b16\b.*\b0\.83$/),
      expect.stringMatching(/\|`.*\b0\.20$/),
      expect.not.stringMatching(/\d/),
    ]);
    const signals = (index: number) =>
      Object.fromEntries(signalsOf(of(index).view.prediction!).map(({ id, value }) => [id, value]));
    expect(signals(0)).toEqual({
      share: '0.75 (0.41 to 0.93)',
      margin: expect.any(String),
      answerEntropy: expect.any(String),
      confidenceGap: '+0.12 nats/token',
      agreement: expect.any(String),
      optimum: expect.any(String),
    });
    expect(signals(1)).not.toHaveProperty('share');
    expect(signals(1)).toMatchObject({ confidenceGap: '-0.50 nats/token' });
    const text = hoverText(of(0), 'command:x');
    expect(text).toMatch(/`16`.* 0\.83\b/);
    for (const { name, value } of signalsOf(of(0).view.prediction!)) expect(text).toContain(`| ${name} | ${value} |`);
    expect(hoverText(of(1), 'command:x')).toContain('&#124;`` ` ``');
    const { head } = run.columns;
    const computed = { ...head.forecast!, reward: 'dual', by: 'majority-vote' };
    run.columns.head = { ...head, forecast: computed };
    expect(fallbackText(computed)).toMatch(/majority-vote.*dual/);
    expect(hoverText(of(0), 'command:x')).toContain(fallbackText(computed));
    const estimate = { mean: 0.5, low: 0.2, high: 0.8 };
    const score = { problems: 3, auroc: null, brier: estimate, baseBrier: 0.25, expected: 0.6, actual: estimate };
    run.append([{ type: 'forecast-score', seq: seq + 2, time, step: 2, score }]);
    for (const index of [0, 1]) {
      const correct = of(index).view.verdict === 'correct';
      expect(of(index).view.outcome).toBe(correct);
    }
  });
});

describe('health', () => {
  const progress = { ...PROGRESS, run: 'a`b](command:evil)' };

  it('depends on the connection first, then on the run', () => {
    expect(healthOf('off', progress)).toBe('off');
    expect(healthOf('reconnecting', progress)).toBe('reconnecting');
    expect(healthOf('connected', null)).toBe('idle');
    expect(healthOf('connected', null, true)).toBe('preparing');
    expect(healthOf('connected', progress)).toBe('running');
    expect(healthOf('connected', { ...progress, state: 'pausing' })).toBe('running');
    expect(healthOf('connected', { ...progress, state: 'paused' })).toBe('paused');
    expect(healthOf('connected', { ...progress, state: 'ended' })).toBe('idle');
    expect((['off', 'idle', 'failed', 'running', 'stopping', 'paused'] as const).map(runKeyOf)).toEqual([
      'none',
      'none',
      'none',
      'running',
      'running',
      'paused',
    ]);
  });

  it("shows a run's progress, and offers possible actions", () => {
    const content = statusContent('running', progress);
    const probe = statusContent('running', { ...progress, step: 0, steps: 0, fraction: 0.42, secondsLeft: null });
    expect(probe.text).toContain('probe 42%');
    expect(`${probe.label} ${probe.tooltip}`).not.toContain('0 of 0');
    expect(content.text).toBe('$(loading~spin) Rollscope 12/100 · 1 min');
    expect(content.label).toBe('Rollscope: step 12 of 100.');
    expect(content.tooltip).toContain('812 tokens/s · 286 MB · 1 min left');
    expect(content.tooltip).toContain(`[Pause](${commandLink('pause')})`);
    expect(
      statusContent('running', { ...progress, tokensPerSecond: null, secondsLeft: null, residentBytes: null }).tooltip,
    ).toContain('– tokens/s · – · – left');
    expect(statusContent('failed', null)).toMatchObject({ color: 'error', command: commandId('showLog') });
    const collapsing = statusContent('running', progress, { kind: 'collapsing', since: 7 });
    expect(collapsing).toMatchObject({ color: 'error', text: `${content.text} · collapsing since step 7` });
    expect(collapsing.tooltip).toContain('Collapsing since step 7.');
    expect(statusContent('running', progress, { kind: 'learning', since: null })).toMatchObject({
      color: null,
      text: content.text,
    });
  });

  it('allows only our own commands in the tooltip', () => {
    for (const health of [
      'off',
      'starting',
      'idle',
      'preparing',
      'running',
      'paused',
      'stopping',
      'reconnecting',
      'failed',
    ] as const) {
      const links = [...statusContent(health, null).tooltip.matchAll(/command:([\w.]+)/g)].map(([, id]) => id!);
      for (const id of links) expect(STATUS_COMMANDS.map(commandId)).toContain(id);
    }
    expect(STATUS_COMMANDS).not.toContain('evil');
    expect(statusContent('running', progress).tooltip).toContain(
      '`` a`b](command:evil) ``'.replaceAll(' ``', '``').replace('`` ', '``'),
    );
  });
});

describe('the panel page', () => {
  it('allows one script, and nothing inline', () => {
    const html = pageHtml({ csp: 'https://csp', scripts: ['https://csp/dist/panel.js'], nonce: 'abc' });
    const policy = /content="([^"]*default-src[^"]*)"/.exec(html)![1]!;
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      "script-src 'nonce-abc'",
      "style-src https://csp 'nonce-abc'",
      'font-src https://csp',
      'img-src https://csp data: blob:',
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(policy).not.toMatch(/unsafe/);
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).not.toMatch(/style=|<style/);
  });

  it('restores the run that a former page stored, in any format', () => {
    expect([
      runOfViewState({ run: 'a', problem: null, step: null }),
      runOfViewState(undefined),
      runOfViewState({ run: 3 }),
    ]).toEqual(['a', null, null]);
  });
});

describe('the configuration of a run', () => {
  type Settings = Record<string, unknown>;
  const settings: Settings = {};
  const place = { folder: path.resolve('/w'), home: '/home/me', exists: () => false };
  const build = (target: DatasetTarget, user: Settings, workspace: Settings = {}) =>
    buildConfig(
      target,
      [
        { scope: 'user', values: user },
        { scope: 'workspace', values: workspace },
      ],
      place,
    );

  it("is the model's preset if the settings say nothing", () => {
    const embedded = build({ job: 'train', dataset: 'embedded' }, settings);
    expect(embedded).toMatchObject({
      job: 'train',
      model: 'embedded',
      lora: null,
      dataset: { path: 'embedded', template: '{{problem}}' },
    });
    const real = build({ job: 'probe', dataset: '/a.jsonl' }, { ...settings, model: '/m.gguf' });
    expect(real).toMatchObject({ job: 'probe', model: '/m.gguf', lora: { rank: 16, alpha: 32 }, batch: 8 });
    expect(real.dataset.system).toBeUndefined();
  });

  it('uses the settings', () => {
    const config = build(
      { job: 'train', dataset: '/a.jsonl' },
      {
        ...settings,
        model: '/m.gguf',
        steps: 7,
        temperature: 0.5,
        maxTokens: 99,
        learningRate: 0.001,
        loraRank: 4,
        memoryLimit: 2,
        evaluationSamples: 2,
        systemPrompt: 'Think.',
        fields: { prompt: 'q' },
      },
    );
    expect(config).toMatchObject({
      steps: 7,
      sampling: { temperature: 0.5, maxTokens: 99 },
      optimizer: { lr: 0.001 },
      lora: { rank: 4, alpha: 32 },
      memoryLimit: 2 * 2 ** 30,
      evaluation: { samples: 2 },
      dataset: { system: 'Think.', fields: { prompt: 'q' } },
    });
    expect(
      build({ job: 'train', dataset: '/a.jsonl' }, { ...settings, model: '/m.gguf', loraRank: 0 }).lora,
    ).toBeNull();
  });

  it('treats one problem as a batch of its own', () => {
    const config = build({ job: 'train', dataset: '/a.jsonl', ids: ['7'] }, { ...settings, batch: 32 });
    expect(config).toMatchObject({ batch: 1, dataset: { ids: ['7'] } });
  });

  it('keeps votes and trained rollouts consistent', () => {
    const of = (votes: number | null, group: number | null) => {
      const config = build({ job: 'train', dataset: 'embedded' }, { ...settings, votes, group });
      return [config.votes, config.group];
    };
    expect([of(null, null), of(64, null), of(4, null), of(null, 32), of(64, 16)]).toEqual([
      [8, 8],
      [64, 8],
      [4, 4],
      [32, 32],
      [64, 16],
    ]);
    const facts = { reason: 'group-exceeds-votes', field: 'setting rollscope.group', value: 16, most: 8 };
    expectThrow(() => of(8, 16), 'config', facts);
  });

  it('merges rollscope.config into the settings, object by object', () => {
    const config = build(
      { job: 'train', dataset: 'embedded' },
      {
        ...settings,
        steps: 5,
        temperature: 0.5,
        config: {
          reward: 'majority-vote + 0.1*trajectory-entropy',
          rewardOptions: { covo: { steps: 3 } },
          sampling: { topP: 0.9 },
          loss: { klCoefficient: 0.01 },
          watch: 'stop',
          forecast: 16,
          steps: 7,
        },
      },
    );
    expect(config).toMatchObject({
      reward: 'majority-vote + 0.1*trajectory-entropy',
      rewardOptions: { covo: { steps: 3, separator: '\\d(?=,)' } },
      sampling: { topP: 0.9, temperature: 0.5 },
      loss: { klCoefficient: 0.01, normalizer: 'dapo' },
      watch: 'stop',
      forecast: 16,
      steps: 7,
    });
    const both = (own: Record<string, unknown>, votes: number | null) => {
      const { votes: v, group } = build({ job: 'train', dataset: 'embedded' }, { ...settings, votes, config: own });
      return [v, group];
    };
    expect([both({ votes: 64 }, null), both({ group: 32 }, null), both({ votes: 4 }, 16)]).toEqual([
      [64, 8],
      [32, 32],
      [4, 4],
    ]);
    expect(() => both({ group: 32 }, 16)).toThrow(
      /^setting rollscope\.config: group 32 must not exceed setting rollscope\.votes 16/,
    );
    const one = { job: 'train', dataset: '/a.jsonl', ids: ['7'] } as const;
    expect(build({ ...one, ids: ['7'] }, { ...settings, config: { batch: 32 } }).batch).toBe(1);
  });

  it('reads separate evaluation problems like the training problems', () => {
    const { evaluation } = build(
      { job: 'train', dataset: '/a.jsonl' },
      {
        ...settings,
        fields: { prompt: 'q' },
        systemPrompt: 'Think.',
        config: { evaluation: { dataset: { path: '/b.jsonl', system: 'Hurry.' } } },
      },
    );
    expect(evaluation.dataset).toMatchObject({ path: '/b.jsonl', fields: { prompt: 'q' }, system: 'Hurry.' });
  });

  it('names the field of rollscope.config that is wrong, unknown, or not allowed there', () => {
    const use = (config: Record<string, unknown>) =>
      build({ job: 'train', dataset: 'embedded' }, { ...settings, config });
    const setting = 'setting rollscope.config';
    const refused = (config: Record<string, unknown>, details: object) =>
      expectThrow(() => use(config), 'config', { ...details });
    refused({ reward: 'majority' }, { reason: 'bad-value', field: `${setting}: reward`, nearest: 'majority-vote' });
    refused({ loss: { clipLow: 2 } }, { reason: 'bad-value', field: `${setting}: loss.clipLow`, value: 2 });
    refused({ loss: { clip: 2 } }, { reason: 'unknown-field', field: `${setting}: loss`, keys: ['clip'] });
    refused({ wacth: 'off' }, { reason: 'unknown-field', field: setting, keys: ['wacth'] });
    refused({ 'optimizer.lr': 1 }, { reason: 'unknown-field', field: setting, keys: ['optimizer.lr'] });
    refused({ dataset: 'other.jsonl' }, { reason: 'bad-value', field: `${setting}: dataset` });
    refused({ sampling: { temperature: 11 } }, { reason: 'bad-value', field: `${setting}: sampling.temperature` });
    for (const [config, value] of [
      [{ job: 'probe' }, 'job'],
      [{ model: 'x' }, 'model'],
      [{ dataset: { path: 'x' } }, 'dataset.path'],
      [{ dataset: { ids: ['1'] } }, 'dataset.ids'],
    ] as const) {
      refused(config, { reason: 'decided-elsewhere', field: setting, value });
    }
    expect(() => use({ dataset: { limit: 3 } })).not.toThrow();
  });

  it('resolves relative paths of programs and policies against the open folder', () => {
    const there = path.resolve('/w/reward.mjs');
    const place = { folder: path.resolve('/w'), home: '/home/me', exists: (file: string) => file === there };
    const config = {
      reward: 'custom',
      rewardOptions: {
        custom: { command: ['node', 'reward.mjs', '--limit', '0.5', './gone.py', '~/x.py', '/abs'] },
        rlccf: { policies: ['base', './adapter', 'owner/name', 'embedded:W'] },
        covo: { cue: './' },
      },
      evaluation: { dataset: { path: './eval.jsonl' } },
    };
    const changed = withAbsolutePaths(config, place);
    expect(changed).toEqual({
      reward: 'custom',
      rewardOptions: {
        custom: {
          command: ['node', there, '--limit', '0.5', path.resolve('/w/gone.py'), path.join('/home/me', 'x.py'), '/abs'],
        },
        rlccf: { policies: ['base', path.resolve('/w/adapter'), 'owner/name', 'embedded:W'] },
        covo: { cue: './' },
      },
      evaluation: { dataset: { path: path.resolve('/w/eval.jsonl') } },
    });
    expect(withAbsolutePaths(config, { ...place, folder: null })).toMatchObject({
      rewardOptions: {
        custom: { command: ['node', 'reward.mjs', '--limit', '0.5', './gone.py', expect.anything(), '/abs'] },
      },
    });
    // What is no configuration stays as it is, for buildConfig to refuse.
    expect(withAbsolutePaths({ rewardOptions: { custom: { command: 'x' } } }, place)).toEqual({
      rewardOptions: { custom: { command: 'x' } },
    });
  });

  it('lets a workspace override the user, and names the scope of a bad value', () => {
    const target = { job: 'train', dataset: 'embedded' } as const;
    expect(build(target, { steps: 7, batch: 4 }, { steps: 9 })).toMatchObject({ steps: 9, batch: 4 });
    expect(build(target, { loraRank: 4 }, { loraRank: 0 }).lora).toBeNull();
    const refused = (user: Settings, workspace: Settings, facts: object) =>
      expectThrow(() => build(target, user, workspace), 'config', { reason: 'bad-value', ...facts });
    refused({ learningRate: 1e-5 }, { learningRate: 2 }, { field: 'setting rollscope.learningRate', value: 2, max: 1 });
    for (const value of [5, 'steps', [1]]) {
      refused({}, { config: value }, { field: 'setting rollscope.config', value });
      refused({ fields: value }, {}, { field: 'setting rollscope.fields', value });
    }
    refused({ memoryLimit: 0.1 }, {}, { field: 'setting rollscope.memoryLimit', text: '0.1' });
  });

  it('names the setting that is out of range', () => {
    const refused = (changed: Settings, field: string) =>
      expectThrow(() => build({ job: 'train', dataset: 'embedded' }, { ...settings, ...changed }), 'config', {
        reason: 'bad-value',
        field,
      });
    refused({ temperature: 11 }, 'setting rollscope.temperature');
    refused({ loraRank: 5000 }, 'setting rollscope.loraRank');
  });
});

describe('lifecycles', () => {
  it('dispose of everything once, in reverse order, and of late additions at once', () => {
    const order: number[] = [];
    const scope = new Disposables();
    const item = (n: number) => ({ dispose: () => order.push(n) });
    scope.add(item(1));
    scope.clear();
    scope.add(item(2));
    scope.add(item(3));
    scope.dispose();
    scope.dispose();
    scope.add(item(4));
    expect(order).toEqual([1, 3, 2, 4]);
    expect(scope.disposed).toBe(true);
  });

  it('debounce, or throttle without losing the last call', () => {
    vi.useFakeTimers();
    try {
      const calls: string[] = [];
      const calm = debounce(100, (text: string) => calls.push(text));
      calm('a');
      vi.advanceTimersByTime(99);
      calm('b');
      vi.advanceTimersByTime(100);
      expect(calls).toEqual(['b']);
      calls.length = 0;
      const paced = throttle(100, (text: string) => calls.push(text));
      paced('a');
      vi.advanceTimersByTime(1);
      paced('b');
      paced('c');
      expect(calls).toEqual(['a']);
      vi.advanceTimersByTime(100);
      expect(calls).toEqual(['a', 'c']);
      paced('d');
      paced.dispose();
      vi.advanceTimersByTime(1000);
      expect(calls).toEqual(['a', 'c']);
    } finally {
      vi.useRealTimers();
    }
  });
});
