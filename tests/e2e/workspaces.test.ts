/** Folders from elsewhere, which nobody has trusted yet, and windows with several folders. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { valueAt } from '../../engine/config/objects.ts';
import { addressText, parseAddress } from '../../engine/protocol/address.ts';
import { EMBEDDED, EMBEDDED_MODELS } from '../../engine/protocol/embedded.ts';
import { COMMAND_DEFINITIONS } from '../../extension/command-definitions.ts';
import { LENS_TITLES } from '../../extension/editor/texts.ts';
import { RUN_SETTINGS, type SettingId, settingName } from '../../extension/editor-settings.ts';
import { agentExtension, callTool } from '../support/agent.ts';
import { startCli, temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { showPane, untilCompleted, untilCount } from '../support/workbench.ts';

const PROBLEMS = [
  { id: 'a', prompt: '3+9+4=', answer: '16' },
  { id: 'b', prompt: '24-9-4=', answer: '11' },
];
const lines = PROBLEMS.map((problem) => `${JSON.stringify(problem)}\n`).join('');

/** A reward that leaves a trace where it ran. */
const REWARD = `
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
writeFileSync(fileURLToPath(new URL('ran', import.meta.url)), '');
export default (rollouts) => rollouts.map(({ cluster }) => (cluster === 0 ? 1 : 0));
`;

/** A run's configuration that names a program. */
const CUSTOM = { reward: 'custom', rewardOptions: { custom: { command: ['./reward.mjs'] } } };
const agent = requireVsCode() ? await agentExtension() : null;

describe.runIf(requireVsCode())('Restricted Mode', () => {
  const code = useVsCode({
    restricted: true,
    settings: { [settingName('steps')]: 2 },
    files: {
      'problems.jsonl': lines,
      'reward.mjs': REWARD,
      'rollscope.json': JSON.stringify({
        configurations: {
          python: { dataset: { path: 'problems.jsonl' }, engine: { kind: 'trl', python: './python' } },
          cluster: { dataset: { path: 'problems.jsonl' }, engine: { kind: 'verl', address: 'http://127.0.0.1:9' } },
        },
      }),
      '.vscode/settings.json': JSON.stringify({
        [settingName('model')]: 'embedded:W',
        [settingName('reward')]: 'custom',
        [settingName('runsFolder')]: 'theirs',
        [settingName('config')]: { rewardOptions: { custom: { command: ['reward.mjs'] } } },
      }),
    },
  });

  test('runs nothing and sets nothing, says so, and ends without a reload once the workspace is trusted', async () => {
    const { workbench, page, folder } = code();
    const ran = () => existsSync(path.join(folder, 'ran'));
    await workbench.statusItem('Restricted Mode').waitFor();
    await workbench.open('problems.jsonl');
    await workbench.views();
    // Its model is ignored, its reward names a program: that is refused.
    await workbench.codeLens('model: embedded').waitFor();
    await untilCount(workbench.codeLens('embedded:W'), 0);
    await workbench.codeLens(LENS_TITLES.train).click();
    await workbench.notification('Restricted Mode');
    await workbench.shot('restricted mode');
    expect(code().enginePids()).toEqual([]);
    expect([ran(), existsSync(path.join(folder, 'theirs'))]).toEqual([false, false]);

    // A configuration of the folder that names a Python, or a cluster, with its lens.
    writeFileSync(path.join(folder, 'python'), `#!/bin/sh\ntouch '${path.join(folder, 'ran')}'\n`);
    chmodSync(path.join(folder, 'python'), 0o755);
    await workbench.clearToasts();
    await workbench.open('rollscope.json');
    await workbench.codeLens('Train').first().click();
    await workbench.notification('engine trl');
    await workbench.clearToasts();
    await workbench.codeLens('Train').nth(1).click();
    await workbench.notification('engine verl');
    await workbench.clearToasts();
    // An experiment says so as well; what only reads works: there is nothing yet to compare.
    await workbench.run('runExperiment', { stays: true });
    await workbench.notification('Restricted Mode');
    await workbench.clearToasts();
    expect([ran(), code().enginePids(), existsSync(path.join(folder, 'theirs'))]).toEqual([false, [], false]);
    await workbench.command('View: Close Editor');

    await workbench.clearToasts();
    await workbench.command('Workspaces: Manage Workspace Trust');
    const trust = page.locator('.workspace-trust-editor .workspace-trust-buttons-row .monaco-button', {
      hasText: 'Trust',
    });
    await trust.first().click();
    await workbench.statusItem('Restricted Mode').waitFor({ state: 'hidden' });
    // At once, without a reload: its settings count now.
    await workbench.codeLens('model: embedded:W').waitFor();
    await workbench.shot('trusted');
    await workbench.command('View: Close Editor');
    await page.locator('.workspace-trust-editor').waitFor({ state: 'hidden' });
    // And its reward runs, in its folder for runs.
    await workbench.codeLens(LENS_TITLES.train).click();
    await untilCompleted(await workbench.webview('rs-problems'), 2);
    expect([ran(), existsSync(path.join(folder, 'theirs'))]).toEqual([true, true]);
  });
});

/** Programs that leave a trace where they ran. */
const TRACE = `#!/bin/sh\ntouch "$(dirname "$0")/ran"\nexit 1\n`;

describe.runIf(requireVsCode())('reading in Restricted Mode', () => {
  const settings = {
    ...{ model: 'embedded:W', device: 'cuda', threads: 7, memoryLimit: 3, chatTemplate: 'theirs.jinja' },
    ...{ 'engine.kind': 'trl', 'engine.python': './python', 'engine.accelerateConfig': 'accelerate.yaml' },
    ...{ 'engine.node': './node', 'engine.sandbox': 'none', 'engine.whenAlone': 'stop', runsFolder: 'theirs' },
    ...{ promptTemplate: 'Theirs: {{problem}}', systemPrompt: 'Theirs.' },
    config: { rewardOptions: { custom: { command: ['reward.mjs'] } }, device: 'cuda', seed: 77 },
  };
  const code = useVsCode({
    restricted: true,
    extensions: agent === null ? [] : [agent],
    settings: { [settingName('votes')]: 4, 'chat.disableAIFeatures': false },
    files: {
      'problems.jsonl': lines,
      'dump.jsonl': [1, 2]
        .flatMap((step) => ['12', '7'].map((completion) => ({ prompt: '5+2+5=', completion, reward: 1, step })))
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(''),
      'reward.mjs': REWARD,
      'rollscope.json': JSON.stringify({
        configurations: { theirs: { dataset: { path: 'problems.jsonl' }, ...CUSTOM } },
      }),
      '.vscode/settings.json': JSON.stringify(
        Object.fromEntries(Object.entries(settings).map(([id, value]) => [settingName(id as SettingId), value])),
      ),
    },
  });
  const runs = () => path.join(code().home, 'runs');
  const traces = () => [existsSync(path.join(code().folder, 'ran')), existsSync(path.join(code().folder, 'theirs'))];

  beforeAll(async () => {
    for (const name of ['node', 'python']) {
      writeFileSync(path.join(code().folder, name), TRACE);
      chmodSync(path.join(code().folder, name), 0o755);
    }
    mkdirSync(runs(), { recursive: true });
    await writeRunFixture(path.join(runs(), 'one'), { problems: 6, steps: 4, every: 2 });
    await writeRunFixture(path.join(runs(), 'two'), { problems: 6, steps: 4, every: 2 });
    for (const [name, theirs] of [
      ['rewarded', CUSTOM],
      ['trained', { engine: { kind: 'trl', python: path.join(code().folder, 'python') } }],
    ] as const) {
      const folder = path.join(runs(), name);
      await writeRunFixture(folder, { problems: 6, steps: 4, every: 2, outcome: 'stopped' });
      const file = path.join(folder, 'run.json');
      const run = JSON.parse(readFileSync(file, 'utf8'));
      writeFileSync(file, JSON.stringify({ ...run, config: { ...run.config, ...theirs } }));
    }
  });
  afterEach(() => expect(traces()).toEqual([false, false]));

  test("a probe uses only the user's settings", async () => {
    const { workbench } = code();
    await workbench.views();
    await workbench.statusItem('Restricted Mode').waitFor();
    await workbench.open('problems.jsonl');
    await workbench.codeLens('model: embedded').waitFor();
    await workbench.codeLens(LENS_TITLES.probe).click();
    const panel = await workbench.webview('rs-header [data-job="probe"][data-status="completed"]');
    const name = await panel.locator('rs-header [data-run]').first().getAttribute('data-run');
    const { config } = JSON.parse(readFileSync(path.join(runs(), name!, 'run.json'), 'utf8'));
    expect(config).toMatchObject({ model: 'embedded', votes: 4 });
    expect(config.engine).toBeUndefined();
    expect(config.seed).not.toBe(77);
    expect(JSON.stringify(config)).not.toMatch(/theirs|Theirs|reward\.mjs|cuda/);
    await workbench.command('View: Close All Editors');
  });

  test('a configuration, a fork and a resumed run are refused if they name programs, and say so', async () => {
    const { workbench } = code();
    const refused = async (what: string | RegExp) => {
      const notice = await workbench.notification(/Restricted Mode/);
      expect(await notice.textContent()).toMatch(what);
      await notice.locator('.monaco-button', { hasText: 'Manage Workspace Trust' }).waitFor();
      await workbench.clearToasts();
    };
    await workbench.open('rollscope.json');
    await workbench.codeLens('Train').click();
    await refused('reward custom');
    await workbench.command('View: Close All Editors');
    for (const [name, what] of [
      ['rewarded', 'reward custom'],
      ['trained', 'engine trl'],
    ] as const) {
      await workbench.runAndPick('resume', name);
      await refused(what);
      await workbench.runAndPick('forkRun', name);
      await workbench.pick(/^step 2/);
      await workbench.pick('Start the fork at step 2');
      await refused(what);
    }
    await workbench.shot('refused in restricted mode');
  });

  test('an agent cannot start programs either: a fork behaves like its parent', async () => {
    const { workbench, page } = code();
    const dialog = page.locator('.monaco-dialog-box');
    for (const [fork, what] of [
      ['rewarded', 'reward custom'],
      ['trained', 'engine trl'],
    ] as const) {
      const called = callTool(workbench, 'start_run', { fork, checkpoint: '2', name: `agents-${fork}` });
      // The user is asked first, by the editor.
      await dialog.locator('.monaco-button', { hasNotText: 'Cancel' }).first().click();
      expect(await called).toMatch(new RegExp(`Refusal: .*${what}.*Restricted Mode`));
    }
    expect(existsSync(path.join(runs(), 'agents-trained'))).toBe(false);
  });

  test('runs are compared, imported and linked to; the example opens; agents get the same', async () => {
    const { workbench, page, folder } = code();
    await workbench.run('compareRuns', { stays: true });
    for (const run of ['one', 'two']) await workbench.pick(run);
    await page.keyboard.press('Enter');
    const compared = await workbench.webview('rs-compare tr[data-run="two"]');
    await untilCount(compared.locator('[data-pair]'), 1);

    await workbench.view('Explorer');
    const dump = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'dump.jsonl' });
    await workbench.contextMenu(dump, COMMAND_DEFINITIONS.importRun.title);
    await workbench.webview('rs-header [data-run^="import-dump-"][data-status="completed"]');

    await workbench.command('Developer: Open URL', { stays: true });
    await workbench.answer(addressText({ folder: path.join(runs(), 'rewarded'), problem: 'sum-01', step: 4 }));
    await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Open' }).click();
    const panel = await workbench.webview('rs-inspector [data-problem="sum-01"]');
    await panel.locator('rs-header [data-run="rewarded"]').waitFor();
    await panel.locator('rs-header [data-action="find"]').click();
    await panel.locator('rs-find input').first().fill('1');
    await panel.locator('rs-find [data-action="find-now"]').click();
    await panel.locator('rs-find [data-hit], rs-find tr').first().waitFor();
    await workbench.shot('link in restricted mode');

    // A link is copied of an open rollout, and is that of the place.
    await showPane(panel, 'rollout');
    await panel.locator('[data-action="open-rollout"]').click();
    await page.locator('.editor-instance .view-lines').first().click();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await workbench.run('copyRolloutLink');
    const copied = await until('a link is copied', async () =>
      parseAddress(await page.evaluate<string>('navigator.clipboard.readText()')),
    );
    expect(copied).toMatchObject({ folder: path.join(runs(), 'rewarded'), problem: 'sum-01', step: 4, rollout: 1 });

    expect(await callTool(workbench, 'list_runs', {})).toMatch(/Answer: .*"total":6,/);
    await workbench.run('openReport');
    await workbench.notification(/No experiment reports yet/);

    await workbench.run('openExample');
    await workbench.tab('rollscope.json').first().waitFor();
    expect(existsSync(path.join(folder, 'facts', 'problems.jsonl'))).toBe(true);
    expect(code().enginePids().length).toBeLessThanOrEqual(1);
  });
});

describe.runIf(requireVsCode())('a run from elsewhere that names a program', () => {
  const code = useVsCode({ files: { 'problems.jsonl': lines, 'reward.mjs': REWARD } });

  test('is shown with its program, which runs only after consent', async () => {
    const { workbench, page, folder, home } = code();
    const trace = path.join(folder, 'ran');
    // Somebody else's Rollscope folder: what it marks as its own is not marked here.
    const options = ['--reward', 'custom', '--reward-program', path.join(folder, 'reward.mjs'), '--allow-programs'];
    const size = ['--steps', '2000', '--model', 'embedded:W', '--eval-samples', '0', '--checkpoint-every', '1'];
    const where = { home: temporaryFolder(), cwd: folder };
    const runs = path.join(home, 'runs');
    const theirs = startCli(['train', 'problems.jsonl', ...options, ...size, '--out', runs, '--name', 'theirs'], where);
    await theirs.printed(/step +[1-9]/i);
    theirs.kill('SIGINT');
    expect((await theirs.ended).stdout).toMatch(/stopped/i);
    expect(existsSync(trace)).toBe(true);
    rmSync(trace);

    const dialog = page.locator('.monaco-dialog-box');
    const ask = async () => {
      await workbench.runAndPick('resume', 'theirs');
      await dialog.waitFor();
      expect(await dialog.textContent()).toContain(path.join(folder, 'reward.mjs'));
    };
    await ask();
    await workbench.shot('program from elsewhere');
    await dialog.locator('.monaco-button', { hasText: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(existsSync(trace)).toBe(false);

    await ask();
    expect(existsSync(trace)).toBe(false);
    await dialog.locator('.monaco-button', { hasText: 'Run It' }).click();
    await until('its program runs', () => existsSync(trace));
    const panel = await workbench.webview('rs-header');
    await panel.locator('rs-header .line[data-status="running"][data-live="true"]').waitFor();
  });
});

/** Settings of a folder, by what makes two runs of two steps on the embedded model; those that are left out, with the reason. */
const OF_FOLDERS: Readonly<Record<string, readonly [unknown, unknown] | string>> = {
  model: ['embedded:W', 'embedded:S1000'],
  steps: [2, 3],
  seed: [5, 6],
  votes: [4, 6],
  temperature: [0.8, 0.9],
  maxTokens: [20, 24],
  reward: ['majority-vote', 'empo'],
  batch: [1, 2],
  group: [3, 4],
  learningRate: [0.001, 0.002],
  evaluationSamples: [2, 3],
  promptTemplate: ['{{prompt}}', '{{q}}'],
  answer: ['last-number', 'whole'],
  compare: ['number', 'text'],
  device: ['cpu', 'cpu'],
  threads: [1, 2],
  loraRank: 'the embedded models are trained whole',
  basePrecision: 'of a base with an adapter',
  rolloutPrecision: 'of other devices',
  cachePrecision: 'of other devices',
  activationPrecision: 'of a base with an adapter',
  memoryLimit: 'refuses or not, by the machine',
  chatTemplate: 'the embedded models have no chat',
  chatTemplateKwargs: 'the embedded models have no chat',
  systemPrompt: 'the embedded models have no chat',
};

describe.runIf(requireVsCode())('a window with two folders', () => {
  const settings = (at: 0 | 1) =>
    JSON.stringify({
      ...Object.fromEntries(
        Object.entries(OF_FOLDERS).flatMap(([id, values]) =>
          typeof values === 'string' ? [] : [[settingName(id as SettingId), values[at]]],
        ),
      ),
      [settingName('fields')]: at === 0 ? { prompt: 'prompt', answer: 'answer' } : { prompt: 'q', answer: 'a' },
      [settingName('config')]: { checkpoint: { every: at + 1 } },
    });
  const code = useVsCode({
    roots: ['first', 'second'],
    files: {
      'first/one.jsonl': lines,
      'first/.vscode/settings.json': settings(0),
      'second/two.jsonl': PROBLEMS.map(({ prompt: q, answer: a }) => `${JSON.stringify({ q, a })}\n`).join(''),
      'second/.vscode/settings.json': settings(1),
    },
  });

  test('every setting of a folder is tried, or left out for a reason', () => {
    const ofFolders = RUN_SETTINGS.flatMap(({ setting: { editor } }) =>
      editor!.scope === 'machine' || editor!.id.startsWith('engine.') ? [] : [editor!.id],
    );
    expect(Object.keys(OF_FOLDERS).sort()).toEqual(ofFolders.sort());
  });

  test.each([
    ['one.jsonl', 0],
    ['two.jsonl', 1],
  ] as const)('trains %s with the settings of its own folder', async (file, at) => {
    const { workbench, home } = code();
    // Loads the extension.
    await workbench.views();
    await workbench.open(file);
    const [model, steps] = [OF_FOLDERS.model![at] as string, OF_FOLDERS.steps![at] as number];
    await workbench.codeLens(`model: ${model}`).waitFor();
    await workbench.codeLens(LENS_TITLES.train).click();
    const panel = await workbench.webview('rs-problems');
    await untilCompleted(panel, steps);
    await until('the run has its model', async () =>
      (await panel.locator('rs-header .line').textContent())?.includes(model),
    );
    const name = (await panel.locator('rs-header [data-run]').first().getAttribute('data-run'))!;
    const { config } = JSON.parse(readFileSync(path.join(home, 'runs', name, 'run.json'), 'utf8'));
    for (const { path: place, setting } of RUN_SETTINGS) {
      const values = OF_FOLDERS[setting.editor!.id];
      if (values === undefined || typeof values === 'string') continue;
      expect(valueAt(config, place), setting.editor!.id).toEqual(values[at]);
    }
    expect(config.dataset.fields).toMatchObject(at === 0 ? { prompt: 'prompt' } : { prompt: 'q', answer: 'a' });
    expect(config.checkpoint).toMatchObject({ every: at + 1 });
  });

  test("the chosen model is that of the active file's folder", async () => {
    const { workbench, folder } = code();
    await workbench.open('two.jsonl');
    await workbench.codeLens('model: embedded:S1000').click();
    await workbench.pick(EMBEDDED_MODELS[EMBEDDED]!);
    await workbench.codeLens(/^model: embedded$/).waitFor();
    const modelOf = (of: string) =>
      JSON.parse(readFileSync(path.join(folder, of, '.vscode', 'settings.json'), 'utf8'))[settingName('model')];
    expect([modelOf('first'), modelOf('second')]).toEqual(['embedded:W', 'embedded']);
    await workbench.shot('two folders');
  });
});
