/** Commands that ask: what they offer, and what they do with the answer. */
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { EMBEDDED_MODELS } from '../../engine/protocol/embedded.ts';
import type { RollscopeError } from '../../engine/protocol/index.ts';
import { REWARDS, rewards } from '../../engine/reward/index.ts';
import { commandId } from '../../extension/command-definitions.ts';
import type { Buttons } from '../../extension/report.ts';
import { editor, type Row, resetEditor } from '../support/editor.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { until } from '../support/wait.ts';

vi.mock('vscode', async () => (await import('../support/editor.ts')).vscode);

const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

function fakeApp() {
  const memory = new Map<string, unknown>();
  const reported: { error: RollscopeError; choices: Buttons }[] = [];
  const begun: unknown[] = [];
  const app = {
    context: {
      extension: { packageJSON: manifest },
      globalState: {
        get: (key: string, usual: unknown) => memory.get(key) ?? usual,
        update: async (key: string, value: unknown) => void memory.set(key, value),
      },
    },
    report: { error: (error: RollscopeError, choices: Buttons) => reported.push({ error, choices }) },
    datasetName: (file: string) => file,
    start: async (config: unknown) => void begun.push(config),
    problemFiles: {},
    experiments: {
      list: async () => [
        { name: 'theory', title: 'Sharpening', question: 'Does it?', finding: '', minutes: 4 },
        { name: 'test-time', title: 'At test time', question: 'And then?', finding: '', minutes: 90 },
      ],
      run: async (...args: unknown[]) => void begun.push(args),
    },
  };
  return { app: app as never, reported, begun };
}

beforeEach(() => {
  const properties = Object.assign(
    {},
    ...manifest.contributes.configuration.map(({ properties: p }: { properties: object }) => p),
  ) as Record<string, { default: unknown }>;
  resetEditor(
    Object.fromEntries(
      Object.entries(properties).map(([name, setting]) => [name.replace('rollscope.', ''), setting.default]),
    ),
  );
  delete editor.user.config;
});

/** The row of a reward, and the one that asks for an expression. */
const named = (reward: string) => (row: Row) => row.reward === reward;
const writing = (row: Row) => row.kind === undefined && !row.reward;

/** Rows of the first question. */
const rows = () => editor.asked.at(0)!.items;

describe('choosing a reward', () => {
  it('offers every reward in its family with a description, and marks the current one', async () => {
    const { chooseReward, needsOf } = await import('../../extension/commands/reward.ts');
    editor.answers = [undefined];
    await chooseReward(fakeApp().app, undefined);
    expect(
      rows()
        .flatMap(({ reward }) => reward ?? [])
        .sort(),
    ).toEqual([...REWARDS].sort());
    expect(
      rows()
        .filter(({ label }) => label.startsWith('$(check)'))
        .map(({ reward }) => reward),
    ).toEqual(['majority-vote']);
    for (const { reward, description, detail } of rows()) {
      if (!reward) continue;
      expect(description!.split(' · ')[0]).toBe(reward);
      expect(detail).toBe(rewards.find(({ name }) => name === reward)!.summary);
    }
    const needs = (name: string) => needsOf(rewards.find((reward) => reward.name === name)!);
    expect(['empo', 'covo', 'rlccf', 'countdown', 'next-token', 'program', 'lean', 'ground-truth'].map(needs)).toEqual([
      [],
      ['model'],
      ['policies'],
      ['columns'],
      ['columns'],
      ['columns', 'programs'],
      ['programs'],
      ['labels'],
    ]);
    expect(editor.user.reward).toBe('majority-vote');
  });

  it('sets a name in the scope of the setting, and an expression in rollscope.config', async () => {
    const { chooseReward } = await import('../../extension/commands/reward.ts');
    const { app } = fakeApp();
    editor.answers = [named('probability')];
    await chooseReward(app, undefined);
    expect(editor.user.reward).toBe('probability');
    editor.workspace.reward = 'empo';
    editor.answers = [named('countdown')];
    await chooseReward(app, undefined);
    expect([editor.workspace.reward, editor.user.reward]).toEqual(['countdown', 'probability']);

    editor.user.config = { watch: 'stop' };
    editor.answers = [writing, 'empo if majority-vote'];
    await chooseReward(app, undefined);
    expect(editor.user.config).toEqual({ watch: 'stop', reward: 'empo if majority-vote' });
    expect(editor.workspace.reward).toBe('countdown');
    const validate = editor.asked.at(-1)!.options.validateInput!;
    expect(validate('empo + 0.5*covo')).toBeNull();
    expect(validate('empo + nonsense')).toContain('"nonsense"');

    // A name takes the expression away, which stays on offer.
    editor.asked = [];
    editor.answers = [named('majority-vote')];
    await chooseReward(app, undefined);
    expect(rows().find(({ label }) => label.startsWith('$(check)'))?.reward).toBe('empo if majority-vote');
    expect(editor.user.config).toEqual({ watch: 'stop' });
    expect(editor.workspace.reward).toBe('majority-vote');
    editor.asked = [];
    editor.answers = [named('empo if majority-vote')];
    await chooseReward(app, undefined);
    expect(editor.user.config).toEqual({ watch: 'stop', reward: 'empo if majority-vote' });
    // The status bar confirms each choice once it is in the settings.
    const title = (name: string) => rewards.find((reward) => reward.name === name)?.title ?? name;
    const chosen = ['probability', 'countdown', 'empo if majority-vote', 'majority-vote', 'empo if majority-vote'];
    expect(editor.shown.map(({ kind }) => kind)).toEqual(chosen.map(() => 'status'));
    for (const [i, name] of chosen.entries()) expect(editor.shown[i]!.message).toContain(title(name));
  });

  it('refuses an invalid expression', async () => {
    const { chooseReward } = await import('../../extension/commands/reward.ts');
    await expect(chooseReward(fakeApp().app, 'empo +')).rejects.toMatchObject({ code: 'config' });
    expect(editor.user.config).toBeUndefined();
  });
});

describe('choosing a model', () => {
  it('offers the embedded one, recent ones, and the other embedded ones, each once', async () => {
    const { addModel } = await import('../../extension/commands/models.ts');
    const used: string[] = [];
    const models = {
      current: 'embedded:W',
      recent: ['embedded:W', '/models/small.gguf', 'Qwen/Qwen3-0.6B'],
      use: async (model: string) => void used.push(model),
    };
    editor.answers = [({ model }) => model === 'embedded:countdown'];
    await addModel({ models } as never);
    expect(rows().flatMap(({ model }) => model ?? [])).toEqual([
      'embedded',
      'embedded:W',
      '/models/small.gguf',
      'Qwen/Qwen3-0.6B',
      ...Object.keys(EMBEDDED_MODELS).filter((name) => name !== 'embedded' && name !== 'embedded:W'),
    ]);
    expect(rows().filter(({ label }) => label.startsWith('$(check)'))).toMatchObject([{ model: 'embedded:W' }]);
    // A GGUF file, a folder, a model of the Hub.
    expect(rows().filter(({ model, choose }) => choose && !model)).toHaveLength(3);
    expect(used).toEqual(['embedded:countdown']);
  });
});

describe('training', () => {
  it('runs no programs in Restricted Mode, and says how to trust it', async () => {
    const { runDataset } = await import('../../extension/commands/start.ts');
    const { app, begun, reported } = fakeApp();
    editor.user.reward = 'program';
    editor.trusted = false;
    await runDataset(app, 'train', 'embedded');
    expect(begun).toEqual([]);
    expect(reported[0]!.error).toMatchObject({ code: 'config', message: expect.stringContaining('program') });
    for (const choose of Object.values(reported[0]!.choices)) choose();
    expect(editor.executed).toEqual([['workbench.trust.manage'], [commandId('chooseReward')]]);
    editor.user.reward = 'empo';
    await runDataset(app, 'train', 'embedded');
    editor.user.reward = 'program';
    editor.trusted = true;
    await runDataset(app, 'train', 'embedded');
    expect(begun).toMatchObject([{ reward: 'empo' }, { reward: 'program' }]);
  });
});

describe('the tasks of experiments', () => {
  const report = (home: string, name: string) => {
    const folder = path.join(home, 'experiments', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'report.html'), '<!doctype html>');
    writeFileSync(path.join(folder, 'result.json'), JSON.stringify({ experiment: 'theory', verdict: 'partly' }));
    return path.join(folder, 'report.html');
  };

  it('run in the engine’s Node; the report of a successful one is opened', async () => {
    const { Experiments } = await import('../../extension/experiments/tasks.ts');
    const home = temporaryFolder();
    vi.stubEnv('ROLLSCOPE_HOME', home);
    const old = report(home, 'theory');
    utimesSync(old, 1000, 1000);
    const opened: string[] = [];
    const experiments = new Experiments(
      () => ({ node: '/node', cli: '/cli.js' }),
      ({ file }) => opened.push(file),
    );
    const looks = vi.spyOn(experiments, 'reports');
    const run = async (end: number | undefined, between: () => void = () => undefined) => {
      await experiments.run('theory', ['--seeds', '1']);
      const execution = { task: editor.tasks.at(-1)! };
      editor.taskStarted({ execution });
      between();
      editor.taskEnded({ execution, exitCode: end });
      // A run that looks for its report late would find that of a later one.
      await Promise.all(looks.mock.results.map(({ value }) => value));
    };
    await run(0);
    await run(3, () => report(home, 'theory-2'));
    await run(undefined);
    let newest = '';
    await run(0, () => {
      newest = report(home, 'theory-3');
      utimesSync(newest, Date.now() / 1000 + 5, Date.now() / 1000 + 5);
    });
    await until('a report is opened', () => opened.length > 0);
    expect(looks).toHaveBeenCalledTimes(2);
    expect(opened).toEqual([newest]);
    expect(editor.tasks[0]).toMatchObject({
      definition: { type: 'rollscope', experiment: 'theory', args: ['--seeds', '1'] },
      execution: {
        process: '/node',
        args: ['/cli.js', 'experiment', 'theory', '--seeds', '1'],
        options: { env: { ELECTRON_RUN_AS_NODE: '1', ROLLSCOPE_HOME: home } },
      },
    });
    // A task of tasks.json keeps the very definition that it has there.
    const definition = { type: 'rollscope', experiment: 'per-problem' };
    expect(experiments.resolveTask({ definition } as never)!.definition).toBe(definition);
    expect(experiments.resolveTask({ definition: { type: 'rollscope' } } as never)).toBeUndefined();
    // A task of another kind is not ours.
    const other = { task: { definition: { type: 'shell' } } };
    editor.taskStarted({ execution: other });
    editor.taskEnded({ execution: other, exitCode: 0 });
    vi.unstubAllEnvs();
  });
});

describe('running an experiment', () => {
  it('offers each with its question and time, and runs it with its own settings', async () => {
    const { runExperiment } = await import('../../extension/commands/experiments.ts');
    const { app, begun } = fakeApp();
    editor.answers = [({ name }) => name === 'test-time'];
    await runExperiment(app, undefined);
    expect(rows().map(({ name, label, detail }) => [name, label, detail])).toEqual([
      ['theory', 'Sharpening', 'Does it?'],
      ['test-time', 'At test time', 'And then?'],
    ]);
    expect(rows().map(({ description }) => description)).toEqual([
      expect.stringContaining('4 min'),
      expect.stringContaining('1 h 30 min'),
    ]);
    expect(begun).toEqual([['test-time', []]]);
  });

  it('asks about the model only if the selected one is not embedded', async () => {
    const { runExperiment } = await import('../../extension/commands/experiments.ts');
    const { app, begun } = fakeApp();
    editor.user.model = 'owner/name';
    editor.answers = [({ dataset }) => dataset === 'embedded'];
    await runExperiment(app, 'theory');
    editor.answers = [undefined];
    await runExperiment(app, 'theory');
    expect(begun).toEqual([['theory', []]]);
    editor.trusted = false;
    await expect(runExperiment(app, 'theory')).rejects.toMatchObject({ code: 'config' });
  });
});
