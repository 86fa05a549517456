/** What the editor says, surface by surface: in files, to be read as a whole. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { type ListedRun, RollscopeError } from '../../engine/protocol/index.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { editor, type Row, resetEditor } from '../support/editor.ts';
import { forecastOf, problemForecast } from '../support/forecast.ts';
import { temporaryFolder } from '../support/processes.ts';
import { PROGRESS } from '../support/progress.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { wordingFile } from '../support/wording.ts';

vi.mock('vscode', async () => (await import('../support/editor.ts')).vscode);

const time = '2026-11-24T19:31:00.000Z';
const parts: string[] = [];
const root = temporaryFolder();

beforeEach(() => {
  parts.length = 0;
  resetEditor();
});

function part(title: string, text: string): void {
  parts.push(`=== ${title}\n${text}`);
}

/** Everything so far, without what differs from machine to machine. */
function whole(): string {
  const text = parts.join('\n\n').replaceAll(root, '/folder');
  return `${text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, '2026-11-24 19:30')}\n`;
}

async function openRun(name = 'run'): Promise<{ run: OpenRun; dataset: string }> {
  const dataset = path.join(root, 'sums.jsonl');
  const { folder } = await writeRunFixture(path.join(temporaryFolder(), name), {
    problems: 4,
    votes: 8,
    steps: 2,
    every: 2,
    dataset,
  });
  return { run: await OpenRun.read(folder), dataset };
}

/** A run that ends, fails, or is only listed. */
const listed = (change: Partial<ListedRun> = {}): ListedRun =>
  ({
    run: 'majority-vote-sums-20261124-193012',
    folder: '/runs/majority-vote-sums-20261124-193012',
    created: time,
    origin: { engine: 'rollscope', version: '0.0.1', files: [] },
    job: 'train',
    model: '/models/small.gguf',
    dataset: '/data/sums.jsonl',
    reward: 'majority-vote',
    step: 3,
    steps: 10,
    status: 'completed',
    accuracyBefore: 0.5,
    accuracyAfter: 0.75,
    skipped: null,
    ...change,
  }) as ListedRun;

test('a problem file: lenses, results and hovers', async () => {
  const { Lenses } = await import('../../extension/editor/lenses.ts');
  const { FileResults } = await import('../../extension/editor/results.ts');
  const { hoverText, resultText } = await import('../../extension/editor/texts.ts');
  const { run, dataset } = await openRun();
  const results = new FileResults(run, dataset);
  const problems = run.problems.map(({ id, row, text }) => ({ row, line: row, endLine: row, id, prompt: text }));
  const silent = () => ({ dispose() {} });
  const active = { info: { step: 1, steps: 2 } };
  let cursor = 0;
  const lensesOf = (session: object) => {
    const lenses = new Lenses(
      { of: () => problems, at: () => problems[cursor], onDidChange: silent } as never,
      { of: () => results, isOn: () => true, onDidChange: silent } as never,
      { currentFor: () => 'embedded', onDidChange: silent } as never,
      { onDidChangeActive: silent, ...session } as never,
    );
    const document = { uri: { fsPath: dataset, toString: () => `file://${dataset}` } };
    const at = problems.map((_, i) => {
      cursor = i;
      return lenses.provideCodeLenses(document as never);
    });
    // Those above the file, and of each problem when the cursor is there.
    return at
      .flatMap((some, i) =>
        i === 0 ? some : some.slice(some.findIndex(({ range }) => (range as { line?: number }).line !== 0)),
      )
      .map(({ range, command }) => `line ${(range as { line?: number }).line}: ${command!.title} [${command!.tooltip}]`)
      .join('\n');
  };
  const found = (index: number) => results.find(problems[index]!)!;
  part('lenses', lensesOf({ active: null }));
  const { seq } = run.columns;
  const forecast = forecastOf([
    problemForecast(0),
    problemForecast(1, { answer: '54', majority: false, right: 0.2 }),
    problemForecast(2, { answer: null, right: 0 }),
  ]);
  run.append([{ type: 'forecast', seq: seq + 1, time, step: 0, forecast }]);
  part('lenses with a forecast, during a run', lensesOf({ active }));
  const { view } = found(0);
  const views = {
    correct: view,
    wrong: { ...view, verdict: 'wrong' },
    unknown: { ...view, verdict: 'unknown' },
    tie: { ...view, status: 'tie' },
    unanswered: { ...view, answer: null, status: 'unanswered' },
  } as const;
  part('results after lines', Object.values(views).map(resultText).join('\n'));
  for (const index of [0, 1, 2, 3]) part(`hover of problem ${index + 1}`, hoverText(found(index), 'command:show'));
  const estimate = { mean: 0.5, low: 0.2, high: 0.8 };
  const score = { problems: 3, auroc: null, brier: estimate, baseBrier: 0.25, expected: 0.6, actual: estimate };
  run.columns.head = {
    ...run.columns.head,
    forecast: { ...run.columns.head.forecast!, reward: 'dual', by: 'majority-vote' },
  };
  run.append([{ type: 'forecast-score', seq: seq + 2, time, step: 2, score }]);
  part('hover with the outcome of the forecast', hoverText(found(0), 'command:show'));
  await expect(whole()).toMatchFileSnapshot(wordingFile('problem-files'));
});

test('documents: rollouts and tokens', async () => {
  const { layoutRollout } = await import('../../extension/rollout/layout.ts');
  const { tokenHover } = await import('../../extension/rollout/token-text.ts');
  const { run } = await openRun();
  for (const id of [
    { phase: 'train', step: 2, problem: 0 },
    { phase: 'evaluation', step: 2, problem: 3 },
  ] as const) {
    const { detail, why } = await run.readGroup(id);
    const [rollout] = detail.rollouts;
    const facts = {
      ...{ run: run.run, step: id.step, phase: id.phase, problem: run.problems[id.problem]! },
      ...{ index: 0, of: 8, imported: false },
    };
    part(`a rollout (${id.phase})`, layoutRollout({ ...facts, why: why[0]!, rollout: rollout! }).text);
    const nothing = {
      answer: null,
      correct: null,
      tokens: null,
      logprob: null,
      entropy: null,
      finish: 'length' as const,
    };
    const empty = { ...rollout!, ...nothing, advantage: null };
    part(`a rollout without facts (${id.phase})`, layoutRollout({ ...facts, why: '', rollout: empty }).text);
    part('a token', tokenHover(rollout!, 1));
  }
  await expect(whole()).toMatchFileSnapshot(wordingFile('documents'));
});

test('status bar and views', async () => {
  const { statusContent } = await import('../../extension/status-content.ts');
  const { RunItem } = await import('../../extension/trees/runs.ts');
  const { DatasetItem } = await import('../../extension/trees/datasets.ts');
  const { ModelItem } = await import('../../extension/trees/models.ts');
  const { showViews } = await import('../../extension/trees/views.ts');
  const healths = [
    'off',
    'starting',
    'idle',
    'preparing',
    'running',
    'paused',
    'stopping',
    'reconnecting',
    'failed',
  ] as const;
  for (const health of healths) {
    const { text, label, tooltip } = statusContent(health, health === 'off' ? null : PROGRESS);
    part(`status bar: ${health}`, [text, label, tooltip].join('\n'));
  }
  const { tooltip } = statusContent('running', {
    ...PROGRESS,
    state: 'pausing',
    secondsLeft: null,
    tokensPerSecond: null,
  });
  part('status bar: pausing', tooltip);
  const collapsing = statusContent('running', PROGRESS, { kind: 'collapsing', since: 7 });
  part('status bar: collapsing', [collapsing.text, collapsing.label, collapsing.tooltip].join('\n'));

  const item = (title: string, tree: object) => {
    const { label, description, tooltip: about } = tree as Record<string, string | { value: string }>;
    const text = typeof about === 'object' ? about.value : about;
    part(title, [label, description, text].filter(Boolean).join('\n'));
  };
  for (const shown of ['running', 'paused', 'interrupted', 'completed', 'stopped', 'failed'] as const) {
    item(`a run: ${shown}`, new RunItem(listed(), shown));
  }
  item('a probe', new RunItem(listed({ job: 'probe', accuracyAfter: null } as never), 'completed'));
  const warned = new RunItem(listed({ warning: 'All responses were cut: raise --max-tokens.' } as never), 'completed');
  item('a run with little to learn from', warned);
  const collapsed = new RunItem(listed({ diagnosis: { kind: 'collapsing', since: 53 } } as never), 'completed');
  item('a run that collapsed', collapsed);
  expect(collapsed.iconPath).toMatchObject({ id: 'warning' });
  expect(warned.iconPath).toMatchObject({ id: 'warning' });
  const origin = { engine: 'TRL', version: '0.20.0', files: ['/runs/trl/log.jsonl'] };
  const unknown = { model: null, dataset: null, reward: null, steps: null, accuracyBefore: null, accuracyAfter: null };
  item('a run of another trainer', new RunItem(listed({ ...unknown, origin } as never), 'completed'));
  const imported = { ...unknown, origin, reward: 'score', run: 'import-steps-20261124-193012' };
  item('a run that was imported', new RunItem(listed(imported as never), 'completed'));
  const error = new RollscopeError('run-broken', 'The message.', 'The hint.');
  item('a run with a name of its own', new RunItem(listed({ run: 'baseline' }), 'completed'));
  item('an unreadable run', new RunItem({ ...listed(), status: 'unreadable', error } as never, 'unreadable'));
  item('a dataset', new DatasetItem('/data/sums.jsonl'));
  item('the embedded dataset', new DatasetItem('embedded'));
  for (const model of ['embedded', '/models/small.gguf', 'owner/name']) {
    item(`a model: ${model}`, new ModelItem(model, model === 'embedded'));
  }
  item('a model that was deleted', new ModelItem('/models/gone.gguf', true, true));
  const silent = () => ({ dispose() {} });
  const models = { recent: [], current: 'embedded', onDidChange: silent };
  showViews({
    library: { onDidChange: silent },
    session: { onDidChangeActive: silent },
    followed: { onDidChange: silent },
    problemFiles: { onDidChange: silent },
    models,
  } as never);
  part('no models yet', editor.views.find(({ id }) => id.endsWith('models'))!.message!);
  await expect(whole()).toMatchFileSnapshot(wordingFile('views'));
});

test('questions: quick picks, input boxes and dialogs', async () => {
  const { chooseReward } = await import('../../extension/commands/reward.ts');
  const { addModel } = await import('../../extension/commands/models.ts');
  const { runExperiment, openReport } = await import('../../extension/commands/experiments.ts');
  const { openRun: open } = await import('../../extension/commands/runs.ts');
  const { attach } = await import('../../extension/commands/engine.ts');
  const { datasetOf, PICK } = await import('../../extension/target.ts');
  const memory = { get: (_: string, usual: unknown) => usual, update: async () => undefined };
  const reports = ['reproduced', 'partly', 'not', null].map((reproduction) => ({
    file: '/report.html',
    experiment: 'theory',
    reproduction,
    runs: 3,
    seconds: 95,
    written: Date.parse(time),
  }));
  const engines = ['one', 'two'].map((run) => ({ address: { pid: 7 }, active: { ...PROGRESS, run } }));
  const app = {
    context: { globalState: memory },
    models: { current: 'embedded', recent: ['/models/small.gguf', 'owner/name'], use: async () => undefined },
    problemFiles: { list: async () => ['/data/sums.jsonl'] },
    experiments: {
      list: async () => [{ name: 'theory', title: 'Sharpening', question: 'Does it?', finding: '', minutes: 4 }],
      reports: async () => reports,
      run: async () => undefined,
    },
    library: { refresh() {}, list: async () => [listed(), listed({ job: 'probe', run: 'probe' } as never)] },
    engine: { find: async () => engines },
  } as never;
  const ask = async (title: string, work: () => unknown, ...answers: typeof editor.answers) => {
    editor.asked = [];
    editor.answers = answers;
    await work();
    // The last question is the one that the title names.
    for (const { items, options } of editor.asked.slice(-1)) {
      const { validateInput, filters, ...texts } = options;
      const head = Object.entries({ ...texts, ...(filters as object) }).filter(
        ([, value]) => typeof value !== 'boolean',
      );
      const rows = items.map(({ label, description, detail, kind }) =>
        kind === -1 ? `--- ${label}` : [label, description, detail].filter(Boolean).join(' | '),
      );
      const refused = validateInput?.('?') ? [`refused: ${validateInput('?')}`] : [];
      part(title, [...head.map(([name, value]) => `${name}: ${value}`), ...rows, ...refused].join('\n'));
    }
  };
  await ask('Choose Reward', () => chooseReward(app, undefined), undefined);
  const writing = ({ kind, reward }: Row) => kind === undefined && !reward;
  await ask('Choose Reward: an expression', () => chooseReward(app, undefined), writing, undefined);
  await ask('Choose Model', () => addModel(app), undefined);
  for (const icon of ['file', 'folder', 'cloud-download']) {
    await ask(
      `Choose Model: ${icon}`,
      () => addModel(app),
      ({ label }) => label.startsWith(`$(${icon})`),
      undefined,
    );
  }
  await ask('Run Experiment', () => runExperiment(app, undefined), undefined);
  editor.user = { model: '/models/small.gguf' };
  await ask('Run Experiment with another model', () => runExperiment(app, 'theory'), undefined);
  editor.user = {};
  await ask('Open Experiment Report', () => openReport(app));
  await ask('Open Run', () => open(app, undefined), undefined);
  await ask(
    'Open Run: elsewhere',
    () => open(app, undefined),
    ({ folder }) => folder === undefined,
    undefined,
  );
  await ask('Attach to Run', () => attach(app), undefined);
  await ask('the dataset', () => datasetOf(undefined, { list: async () => ['/data/sums.jsonl'] } as never), undefined);
  await ask('a problem file', () => datasetOf(PICK, {} as never), undefined);
  await expect(whole()).toMatchFileSnapshot(wordingFile('questions'));
});

/** An import, by what is imported. */
function importing(source: string, follow: boolean) {
  const report = {
    ...{
      folder: '/runs/imported',
      problems: 2,
      rollouts: 1234,
      steps: 3,
      faults: 3,
      disagreements: 1,
      compared: 28,
      rewardIsVote: false,
    },
    named: [
      { place: '3.jsonl:7', why: 'broken JSON' },
      { place: '3.jsonl:9', why: 'no response' },
      { place: '3.jsonl:12', why: 'no response' },
    ],
  };
  const refused = (reason: string, message: string) =>
    Promise.reject(new RollscopeError('dataset', message, 'With --map prompt=…,response=…', { details: { reason } }));
  const done = {
    '/whole': () => Promise.resolve(report),
    '/stopped': () => Promise.resolve(null),
    '/unknown': () => refused('no-importer', '/unknown is not recognized as rollouts.'),
    '/empty': () => refused('no-rollouts', '/empty contains no rollouts.'),
    '/columns': () => refused('bad-map', "--map: 'x' does not have the form <field>=<column>."),
  }[source]!();
  done.catch(() => {});
  const onDidProgress = () => ({ dispose() {} });
  return { request: { source, follow }, folder: '/runs/imported', name: path.basename(source), done, onDidProgress };
}

test('notifications', async () => {
  const { Reporter } = await import('../../extension/report.ts');
  const { Notices } = await import('../../extension/notices.ts');
  const { registerCommands } = await import('../../extension/commands.ts');
  const { COMMAND_DEFINITIONS, COMMAND_NAMES, commandId } = await import('../../extension/command-definitions.ts');
  const { buildConfig } = await import('../../extension/run-config.ts');
  const { fileOf } = await import('../../extension/target.ts');
  const { offerDumps } = await import('../../extension/imports/offer.ts');
  const { vscode } = await import('../support/editor.ts');
  const { run } = await openRun();
  const report = new Reporter();
  const nothing = async () => undefined;
  const session: Record<string, unknown> = { active: null, preparing: false, stop: nothing };
  const app = {
    session,
    report,
    datasetName: (file: string) => file,
    engine: { find: async () => [] },
    imports: {
      following: [],
      of: (folder: string) => (folder === '/runs/imported' ? { stop() {} } : undefined),
      begin: async ({ source, follow }: { source: string; follow: boolean }) => importing(source, follow),
    },
    experiments: { reports: async () => [] },
    library: { refresh() {}, list: async () => [] },
    viewer: { attachTo: async () => null, open: nothing, forget: nothing },
    documents: { of: () => undefined, at: () => undefined },
    start: nothing,
  };
  registerCommands(app as never);
  const say = async (title: string, work: () => unknown) => {
    editor.shown = [];
    await work();
    for (const { kind, message, detail, buttons } of editor.shown) {
      part(
        title,
        [`${kind}: ${message}`, ...(detail ? [detail] : []), ...buttons.map((text) => `(${text})`)].join('\n'),
      );
    }
  };
  const command = (name: keyof typeof COMMAND_DEFINITIONS, argument?: unknown) =>
    editor.commands.get(commandId(name))!(argument) as Promise<void>;

  for (const name of COMMAND_NAMES) {
    if ('withoutRun' in COMMAND_DEFINITIONS[name]) await say(`${name} without a run`, () => command(name));
  }
  await say('attach, with nothing to attach to', () => command('attach'));
  await say('resume, with nothing to resume', () => command('resume'));
  await say('openReport, without reports', () => command('openReport'));
  await say('probeProblem, without a problem', () => command('probeProblem'));
  await say('stop, of another engine', () => command('stop', '/runs/other'));
  await say('pause, of an import', () => command('pause', '/runs/imported'));
  await say('stopFollowing, with nothing to stop', () => command('stopFollowing'));
  for (const source of ['/whole', '/stopped', '/unknown', '/empty', '/columns']) {
    await say(`importRun of ${source}`, () => command('importRun', source));
  }
  await say('followFolder of what is none', () => command('followFolder', '/unknown'));
  const dump = { path: '/work/outputs', format: 'trl', title: 'TRL', part: false };
  const memory = { get: (_: string, usual: unknown) => usual, update: async () => {} } as never;
  await say('an offer to import', () =>
    offerDumps([dump], async () => false, { workspace: memory, everywhere: memory }),
  );
  await say('deleteRun', () => command('deleteRun', '/runs/other'));
  await say('repairRun', () => command('repairRun', run.folder));
  editor.trusted = false;
  await say('runExperiment in Restricted Mode', () => command('runExperiment'));
  editor.user = { reward: 'program' };
  await say('train with a program in Restricted Mode', () => command('train', 'embedded'));
  editor.trusted = true;
  editor.user = { config: { job: 'probe' } };
  await say('train with a field that a setting cannot have', () => command('train', 'embedded'));
  editor.user = {};
  session.active = { run: 'active', folder: '/runs/active' };
  await say('resume, of a running run', () => command('resume'));
  app.start = async () => {
    throw new RollscopeError('busy', 'Busy.');
  };
  await say('train during a run', () => command('train', 'embedded'));

  const notices = new Notices(report, () => undefined);
  run.append([
    {
      type: 'warning',
      seq: run.columns.seq + 1,
      time,
      step: null,
      code: 'dataset',
      message: 'A warning about the dataset.',
    },
    {
      type: 'warning',
      seq: run.columns.seq + 2,
      time,
      step: null,
      code: 'model',
      message: 'A warning about the model.',
    },
  ] as never);
  await say('warnings of a run', () => notices.warnings(run));
  const failure = { code: 'non-finite', message: 'The message.', hint: 'The hint.' } as const;
  const since = run.columns.seq;
  const cut = { type: 'warning', seq: since + 1, time, step: 3, code: 'no-signal', message: 'Raise --max-tokens.' };
  run.append([cut] as never);
  await say('a run that cannot learn', () => notices.signal(run, since));
  await say('once', () => notices.signal(run, since));
  const alarm = { type: 'warning', seq: since + 2, time, step: 3, code: 'collapse', message: 'The message.' };
  run.append([alarm] as never);
  await say('an alarm of the collapse watch', () => notices.alarm(run, since));
  await say('an alarm, once', () => notices.alarm(run, since));
  await say('a failed run', () => notices.ended(run, { reason: 'failed', step: 3, error: failure } as never));
  await say('a failed run without an error', () => notices.ended(run, { reason: 'failed', step: 3 } as never));
  await say('an interrupted run', () => notices.interrupted(run));
  await say('an error of a setting', () => report.error(new RollscopeError('config', 'The message.', 'The hint.')));
  await say('an error of the model', () => report.error(new RollscopeError('model', 'The message.', 'The hint.')));
  await say('a bug', () => report.error(new Error('The message.')));

  const refused = (title: string, work: () => unknown) =>
    say(title, () =>
      Promise.resolve()
        .then(work)
        .catch((error) => report.error(error)),
    );
  mkdirSync(root, { recursive: true });
  writeFileSync(path.join(root, 'notes.txt'), '');
  await refused('a file of another kind', () => fileOf(vscode.Uri.file(path.join(root, 'notes.txt')) as never));
  await refused('a virtual file', () =>
    fileOf({ scheme: 'vscode-vfs', path: '/a.jsonl', toString: () => '' } as never),
  );
  const place = { folder: null, home: '/home/me', exists: () => false };
  for (const config of [{ model: 'x' }, { dataset: { path: 'x' } }, { dataset: { ids: ['1'] } }]) {
    await refused(`rollscope.config with ${Object.keys(config)}`, () =>
      buildConfig({ job: 'train', dataset: 'embedded' }, [{ scope: 'user', values: { config } }], place),
    );
  }
  await refused('a group that is not there', () => run.readGroup({ phase: 'train', step: 99, problem: 0 }));
  await expect(whole()).toMatchFileSnapshot(wordingFile('notifications'));
});
