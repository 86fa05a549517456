/** Commands that ask: what they offer, and what they do with the answer. */
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { RollscopeError } from '../../engine/protocol/index.ts';
import { EMBEDDED_MODELS } from '../../engine/protocol/presets.ts';
import { REWARDS } from '../../engine/reward/index.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { until } from '../support/wait.ts';

/** Settings by scope, answers to questions, and what was asked and reported. */
const editor = vi.hoisted(() => ({
  user: {} as Record<string, unknown>,
  workspace: {} as Record<string, unknown>,
  answers: [] as unknown[],
  asked: [] as { items: unknown; options: { validateInput?: (text: string) => string | null } }[],
  trusted: true,
  tasks: [] as { definition: object }[],
  taskStarted: (_: object): void => {},
  taskEnded: (_: object): void => {},
  said: [] as string[],
}));
vi.mock('vscode', () => {
  class Nothing {}
  const answer = async (items: unknown, options: object) => {
    const rows = (await items) as { label: string }[];
    editor.asked.push({ items: rows, options });
    const wanted = editor.answers.shift();
    return wanted instanceof RegExp ? rows.find(({ label }) => wanted.test(label)) : wanted;
  };
  return {
    ConfigurationTarget: { Global: 1, Workspace: 2 },
    QuickPickItemKind: { Separator: -1, Default: 0 },
    Disposable: { from: () => new Nothing() },
    TreeItem: Nothing,
    Uri: Nothing,
    EventEmitter: Nothing,
    TaskScope: { Global: 1, Workspace: 2 },
    TaskRevealKind: { Always: 1 },
    TaskPanelKind: { Dedicated: 2 },
    ProcessExecution: class {
      constructor(
        readonly process: string,
        readonly args: string[],
        readonly options: object,
      ) {}
    },
    Task: class {
      constructor(
        readonly definition: object,
        readonly scope: unknown,
        readonly name: string,
        readonly source: string,
        readonly execution: object,
      ) {}
    },
    tasks: {
      registerTaskProvider: () => ({ dispose: () => undefined }),
      executeTask: async (task: { definition: object }) => void editor.tasks.push(task),
      onDidStartTask: (listener: (event: object) => void) => {
        editor.taskStarted = listener;
        return { dispose: () => undefined };
      },
      onDidEndTaskProcess: (listener: (event: object) => void) => {
        editor.taskEnded = listener;
        return { dispose: () => undefined };
      },
    },
    commands: { executeCommand: async () => undefined },
    window: {
      showQuickPick: answer,
      showInputBox: async (options: object) => answer([], options),
      setStatusBarMessage: (text: string) => void editor.said.push(text),
    },
    workspace: {
      get isTrusted() {
        return editor.trusted;
      },
      workspaceFolders: undefined,
      getWorkspaceFolder: () => undefined,
      getConfiguration: () => ({
        get: (name: string, usual?: unknown) => editor.workspace[name] ?? editor.user[name] ?? usual ?? null,
        inspect: (name: string) => ({ globalValue: editor.user[name], workspaceValue: editor.workspace[name] }),
        update: async (name: string, value: unknown, target: number) => {
          const scope = target === 2 ? editor.workspace : editor.user;
          if (value === undefined) delete scope[name];
          else scope[name] = value;
        },
      }),
    },
  };
});

const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

function fakeApp() {
  const memory = new Map<string, unknown>();
  const reported: { error: RollscopeError; choices: object }[] = [];
  const begun: unknown[] = [];
  const app = {
    context: {
      extension: { packageJSON: manifest },
      globalState: {
        get: (key: string, usual: unknown) => memory.get(key) ?? usual,
        update: async (key: string, value: unknown) => void memory.set(key, value),
      },
    },
    report: { error: (error: RollscopeError, choices: object) => reported.push({ error, choices }) },
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
  editor.user = Object.fromEntries(
    Object.entries(properties).map(([name, setting]) => [name.replace('rollscope.', ''), setting.default]),
  );
  delete editor.user.config;
  editor.workspace = {};
  editor.answers = [];
  editor.asked = [];
  editor.said = [];
  editor.trusted = true;
});

type Row = { label: string; description?: string; detail?: string; reward?: string };
const rows = () => editor.asked.at(0)!.items as Row[];

describe('choosing a reward', () => {
  it('offers every reward in its family with a sentence about it, and marks the present one', async () => {
    const { chooseReward } = await import('../../extension/commands/reward.ts');
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
    const about = (reward: string) => rows().find((row) => row.reward === reward)!.description;
    expect(['empo', 'covo', 'rlccf', 'countdown', 'next-token', 'program', 'lean', 'ground-truth'].map(about)).toEqual([
      'empo',
      'covo · asks the model',
      'rlccf · needs other policies',
      'countdown · needs columns',
      'next-token · needs columns',
      'program · needs columns, runs programs',
      'lean · runs programs',
      'ground-truth · needs labels',
    ]);
    for (const { reward, detail } of rows()) if (reward) expect(detail, reward).toMatch(/\. .+\.$/);
    expect(
      rows()
        .filter(({ reward }) => !reward)
        .map(({ label }) => label),
    ).toEqual([
      'What the rollouts agree on',
      'How certain the model is',
      'What something else says',
      'Sums and gates',
      '$(edit) Write an expression…',
    ]);
    expect(editor.user.reward).toBe('majority-vote');
  });

  it('sets a name where the setting stands, and an expression in rollscope.config', async () => {
    const { chooseReward } = await import('../../extension/commands/reward.ts');
    const { app } = fakeApp();
    editor.answers = [/ Probability$/];
    await chooseReward(app, undefined);
    expect(editor.user.reward).toBe('probability');
    editor.workspace.reward = 'empo';
    editor.answers = [/ Countdown/];
    await chooseReward(app, undefined);
    expect([editor.workspace.reward, editor.user.reward]).toEqual(['countdown', 'probability']);

    editor.user.config = { watch: 'stop' };
    editor.answers = [/Write an expression/, 'empo if majority-vote'];
    await chooseReward(app, undefined);
    expect(editor.user.config).toEqual({ watch: 'stop', reward: 'empo if majority-vote' });
    expect(editor.workspace.reward).toBe('countdown');
    const validate = editor.asked.at(-1)!.options.validateInput!;
    expect(validate('empo + 0.5*covo')).toBeNull();
    expect(validate('empo + nonsense')).toBe('Unknown reward "nonsense".');

    // A name takes the expression away, which stays on offer.
    editor.asked = [];
    editor.answers = [/ Majority voting$/];
    await chooseReward(app, undefined);
    expect(rows().find(({ label }) => label.startsWith('$(check)'))?.label).toBe('$(check) empo if majority-vote');
    expect(editor.user.config).toEqual({ watch: 'stop' });
    expect(editor.workspace.reward).toBe('majority-vote');
    editor.asked = [];
    editor.answers = [/empo if majority-vote/];
    await chooseReward(app, undefined);
    expect(editor.user.config).toEqual({ watch: 'stop', reward: 'empo if majority-vote' });
    // Each choice is said when it is in the settings.
    expect(editor.said).toEqual(
      ['Probability', 'Countdown verifier', 'empo if majority-vote', 'Majority voting', 'empo if majority-vote'].map(
        (reward) => `Rollscope reward: ${reward}`,
      ),
    );
  });

  it('refuses what cannot be read', async () => {
    const { chooseReward } = await import('../../extension/commands/reward.ts');
    await expect(chooseReward(fakeApp().app, 'empo +')).rejects.toThrow(/A reward is missing at the end/);
    expect(editor.user.config).toBeUndefined();
  });
});

describe('choosing a model', () => {
  it('offers the embedded one, those used lately, and the other embedded ones, each once', async () => {
    const { addModel } = await import('../../extension/commands/models.ts');
    const used: string[] = [];
    const models = {
      current: 'embedded:W',
      recent: ['embedded:W', '/models/small.gguf', 'Qwen/Qwen3-0.6B'],
      use: async (model: string) => void used.push(model),
    };
    editor.answers = [/embedded:countdown$/];
    await addModel({ models } as never);
    expect(rows().map(({ label, description }) => [label, description])).toEqual([
      ['$(circle-outline) embedded', 'tiny, comes with Rollscope'],
      ['$(check) embedded:W', 'weaker: twice the errors'],
      ['$(circle-outline) small.gguf', '/models'],
      ['$(circle-outline) Qwen/Qwen3-0.6B', 'Hugging Face Hub'],
      ['Embedded, of the experiments', undefined],
      ...Object.entries(EMBEDDED_MODELS)
        .filter(([name]) => name !== 'embedded' && name !== 'embedded:W')
        .map(([name, about]) => [`$(circle-outline) ${name}`, about]),
      ['Add', undefined],
      ['$(file) GGUF file…', 'from the disk'],
      ['$(folder) Hugging Face folder…', 'config.json and safetensors'],
      ['$(cloud-download) Hugging Face Hub…', 'by name, downloaded once'],
    ]);
    expect(used).toEqual(['embedded:countdown']);
  });
});

describe('training', () => {
  it('runs no programs in a workspace that is not trusted, and says how to trust it', async () => {
    const { runDataset } = await import('../../extension/commands/start.ts');
    const { app, begun, reported } = fakeApp();
    editor.user.reward = 'program';
    editor.trusted = false;
    await runDataset(app, 'train', 'embedded');
    expect(begun).toEqual([]);
    expect(reported[0]!.error.message).toBe(
      'The reward program runs programs on this machine, and this workspace is not trusted.',
    );
    expect(reported[0]!.error.hint).toMatch(/^Trust it if you trust the model, the data and the program/);
    expect(Object.keys(reported[0]!.choices)).toContain('Manage Workspace Trust');
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

  it('run in the engine’s Node; the report of one that ended well is opened, and no other', async () => {
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
    const run = async (end: number | undefined, between: () => void = () => undefined) => {
      await experiments.run('theory', ['--seeds', '1']);
      const execution = { task: editor.tasks.at(-1)! };
      editor.taskStarted({ execution });
      between();
      editor.taskEnded({ execution, exitCode: end });
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
    // The first run may have looked for its report so late that it found this one.
    expect([...new Set(opened)]).toEqual([newest]);
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
    // A task of another kind is none of ours.
    const other = { task: { definition: { type: 'shell' } } };
    editor.taskStarted({ execution: other });
    editor.taskEnded({ execution: other, exitCode: 0 });
    vi.unstubAllEnvs();
  });
});

describe('running an experiment', () => {
  it('offers each with its question and time, and runs it as it was made', async () => {
    const { runExperiment } = await import('../../extension/commands/experiments.ts');
    const { app, begun } = fakeApp();
    editor.answers = [/test time/];
    await runExperiment(app, undefined);
    expect(rows().map(({ label, description, detail }) => [label, description, detail])).toEqual([
      ['Sharpening', 'theory · about 4 min', 'Does it?'],
      ['At test time', 'test-time · about 1 h 30 min', 'And then?'],
    ]);
    expect(begun).toEqual([['test-time', []]]);
  });

  it('asks about the model only where another than the embedded ones is in use', async () => {
    const { runExperiment } = await import('../../extension/commands/experiments.ts');
    const { app, begun } = fakeApp();
    editor.user.model = 'owner/name';
    editor.answers = [/Embedded/];
    await runExperiment(app, 'theory');
    editor.answers = [undefined];
    await runExperiment(app, 'theory');
    expect(begun).toEqual([['theory', []]]);
    editor.trusted = false;
    await expect(runExperiment(app, 'theory')).rejects.toThrow(/trusted workspaces only/);
  });
});
