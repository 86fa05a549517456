/** A start that fails: what the panel is told, and what its answers do to settings and to the next start. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { writeCheckpointFolder } from '../../engine/journal/checkpoints.ts';
import { START } from '../../engine/journal/layout.ts';
import { checkVotes } from '../../engine/protocol/config.ts';
import { toErrorData } from '../../engine/protocol/errors.ts';
import { RollscopeError } from '../../engine/protocol/index.ts';
import type { StartState } from '../../engine/runs/start-state.ts';
import type { ShownStart } from '../../engine/view/conversation.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { commandId } from '../../extension/command-definitions.ts';
import { editor, resetEditor } from '../support/editor.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

vi.mock('vscode', async () => (await import('../support/editor.ts')).vscode);

type Failed = Extract<StartState, { state: 'failed' }>;

function fakeApp(start: (config: unknown) => unknown = () => undefined) {
  const told: (ShownStart | null)[] = [];
  const begun: { votes: number; group: number; loss: { clipLow: number } }[] = [];
  const app = {
    report: { record: vi.fn(), error: vi.fn() },
    session: { active: null, stop: vi.fn(async () => {}) },
    panel: {
      get shownStart() {
        return told.at(-1) ?? null;
      },
      showStart: (shown: ShownStart | null) => void told.push(shown),
    },
    datasetName: (file: string) => file,
    start: async (config: never) => {
      start(config);
      begun.push(config);
    },
    problemFiles: {},
  };
  const failed = () => told.at(-1)!.state as Failed;
  return { app: app as never, told, begun, failed, record: app.report.record, stop: app.session.stop };
}

const train = async (app: never) => {
  const { runDataset } = await import('../../extension/commands/start.ts');
  await runDataset(app, 'train', 'embedded');
};

beforeEach(() => resetEditor());

describe('a start that fails', () => {
  test('is shown with the conflicting settings and the values of the preset, which repairs it', async () => {
    editor.user = { votes: 4, group: 16, config: { loss: { clipLow: 0.1 } } };
    editor.workspace = { votes: 2 };
    const { app, told, begun, failed, record } = fakeApp();
    await train(app);
    expect(failed()).toMatchObject({ state: 'failed', answers: ['usual', 'again'], error: { code: 'config' } });
    expect(failed().settings).toEqual([
      { id: 'rollscope.group', name: 'rollscope.group', value: '16', usual: '8' },
      { id: 'rollscope.votes', name: 'rollscope.votes', value: '2', usual: '8' },
    ]);
    expect([begun, editor.shown]).toEqual([[], []]);
    expect(record).toHaveBeenCalledOnce();

    await told.at(-1)!.answer('usual');
    expect([editor.user, editor.workspace]).toEqual([{ config: { loss: { clipLow: 0.1 } } }, {}]);
    expect(begun).toEqual([expect.objectContaining({ votes: 8, group: 8 })]);
  });

  test('because of a field of rollscope.config drops only that field', async () => {
    editor.user = { config: { loss: { clipLow: 7, clipHigh: 0.3 }, watch: 'off' } };
    const { app, told, begun, failed } = fakeApp();
    await train(app);
    expect(failed().settings).toEqual([
      { id: 'rollscope.config', name: 'rollscope.config: loss.clipLow', value: '7', usual: expect.any(String) },
    ]);
    await told.at(-1)!.answer('usual');
    expect(editor.user).toEqual({ config: { loss: { clipHigh: 0.3 }, watch: 'off' } });
    expect(begun).toHaveLength(1);
  });

  test('can be repeated or dismissed, and opens a setting', async () => {
    const errors = [new RollscopeError('memory', 'Not enough.', 'Lower --max-tokens or --temperature.')];
    const { app, told, begun, failed } = fakeApp(() => {
      const error = errors.shift();
      if (error) throw error;
    });
    await train(app);
    // Its options are settings here; nothing is set, so a preset would change nothing.
    expect(failed().settings.map(({ id, value }) => [id, value])).toEqual([
      ['rollscope.maxTokens', null],
      [expect.stringMatching(/^rollscope\./), null],
    ]);
    expect(`${failed().error.hint}`).not.toContain('--');
    expect(failed().answers).toEqual(['again']);
    await told.at(-1)!.openSetting('rollscope.maxTokens');
    expect(editor.executed).toEqual([['workbench.action.openSettings', 'rollscope.maxTokens']]);
    await told.at(-1)!.answer('again');
    expect(begun).toHaveLength(1);
    await told.at(-1)!.answer('dismiss');
    expect(told.at(-1)).toBeNull();
  });

  test('shows nothing if it was canceled, and leaves bugs to the notification', async () => {
    const canceled = fakeApp(() => {
      throw new RollscopeError('canceled', 'The run was canceled.');
    });
    await train(canceled.app);
    expect(canceled.told).toEqual([]);
    const bug = fakeApp(() => {
      throw new TypeError('x is not a function');
    });
    await expect(train(bug.app)).rejects.toThrow(TypeError);
    expect(bug.told).toEqual([]);
  });
});

/** What `openField` shows: the file, and the text that it selects. */
function selected(text: string): [file: string, text: string] {
  const [, { uri }, { selection }] = editor.executed.at(-1) as [
    string,
    { uri: { fsPath: string } },
    { selection: { line: number; end: number } },
  ];
  return [uri.fsPath, text.slice(selection.line, selection.end)];
}

describe('a configuration that cannot be started', () => {
  const FILE = '/w/rollscope.json';
  const configured = (values: object) =>
    JSON.stringify(
      { configurations: { other: { votes: 4 }, x: { dataset: { path: 'embedded' }, ...values } } },
      null,
      2,
    );
  const start = async (app: never) => {
    const { startConfiguration } = await import('../../extension/commands/configurations.ts');
    await startConfiguration(app, { uri: `file://${FILE}`, name: 'x' });
  };

  test('is shown with its fields, which open in the file, and the preset, which removes them', async () => {
    editor.texts = { [FILE]: configured({ votes: 2, group: 16, steps: 3 }) };
    const { app, told, begun, failed } = fakeApp();
    await start(app);
    expect(failed()).toMatchObject({ what: 'start configuration x', usual: 'preset', answers: ['usual', 'again'] });
    expect(failed().error).toMatchObject({
      message: expect.stringMatching(/^group 16 must not exceed votes 2\b/),
      hint: 'Change it in rollscope.json.',
    });
    expect(failed().settings).toEqual([
      { id: 'group', name: 'group', value: '16', usual: '8' },
      { id: 'votes', name: 'votes', value: '2', usual: '8' },
    ]);
    await told.at(-1)!.openSetting('votes');
    expect(selected(editor.texts[FILE]!)).toEqual([FILE, '"votes": 2']);
    await told.at(-1)!.answer('usual');
    expect(JSON.parse(editor.texts[FILE]!).configurations).toEqual({
      other: { votes: 4 },
      x: { dataset: { path: 'embedded' }, steps: 3 },
    });
    expect(begun).toEqual([expect.objectContaining({ votes: 8, group: 8, steps: 3 })]);
  });

  test('names an unknown field, and fields that the engine calls by their options', async () => {
    editor.texts = { [FILE]: configured({ optimizer: { lrr: 1 } }) };
    const unknown = fakeApp();
    await start(unknown.app);
    expect(unknown.failed().settings).toMatchObject([{ id: 'optimizer.lrr', value: '1', usual: null }]);
    await unknown.told.at(-1)!.openSetting('optimizer.lrr');
    expect(selected(editor.texts[FILE]!)).toEqual([FILE, '"lrr": 1']);

    editor.texts = { [FILE]: configured({ sampling: { maxTokens: 4_000 } }) };
    const engine = fakeApp(() => {
      throw new RollscopeError('memory', 'Not enough.', 'Lower --max-tokens.');
    });
    await start(engine.app);
    expect(engine.failed().error.hint).toBe('Lower sampling.maxTokens.');
    expect(engine.failed().settings).toMatchObject([{ name: 'sampling.maxTokens', value: '4000' }]);
  });

  test('names an unavailable model, which no preset replaces', async () => {
    editor.texts = { [FILE]: configured({ model: 'acme/Tiny-1B' }) };
    const { app, told, failed } = fakeApp(() => {
      throw new RollscopeError('model', 'acme/Tiny-1B is not in the cache and the Hub cannot be reached.');
    });
    await start(app);
    expect(failed().settings).toMatchObject([{ id: 'model', value: 'acme/Tiny-1B' }]);
    expect(failed().answers).toEqual(['again']);
    await told.at(-1)!.openSetting('model');
    expect(selected(editor.texts[FILE]!)).toEqual([FILE, '"model": "acme/Tiny-1B"']);
  });

  test('whose file is not JSON is shown too', async () => {
    editor.texts = { [FILE]: '{"configurations": {' };
    const { app, failed } = fakeApp();
    await start(app);
    expect(failed()).toMatchObject({ settings: [], answers: ['again'], error: { details: { reason: 'not-json' } } });
  });
});

describe('a run that cannot be resumed or forked', () => {
  /** A run with a checkpoint. */
  async function withRun(start?: (config: unknown) => unknown) {
    const { folder } = await writeRunFixture(`${temporaryFolder()}/first`, { problems: 2, votes: 4, steps: 3 });
    await writeCheckpointFolder(folder, 2, START, async () => {});
    const all = fakeApp(start);
    const resumed: string[] = [];
    const parts = {
      library: { read: () => OpenRun.read(folder), refresh: () => {}, list: async () => [] },
      viewer: {
        resume: async (run: string) => {
          start?.(null);
          resumed.push(run);
        },
      },
    };
    Object.assign(all.app as object, parts);
    return { ...all, folder, resumed };
  }
  const once = (error: RollscopeError) => {
    const errors = [error];
    return () => {
      const next = errors.shift();
      if (next) throw next;
    };
  };

  test('is shown with its values, and can be forked with others', async () => {
    const error = new RollscopeError('memory', 'Not enough.', 'Lower --max-tokens.');
    const { app, folder, told, failed, resumed } = await withRun(once(error));
    const { resume } = await import('../../extension/commands/runs.ts');
    await resume(app, folder);
    expect(failed()).toMatchObject({ what: 'resume run first', answers: ['fork', 'again'] });
    expect(failed().settings).toMatchObject([{ id: 'sampling.maxTokens', value: expect.stringMatching(/^\d+$/) }]);
    await told.at(-1)!.openSetting('sampling.maxTokens');
    const file = path.join(folder, 'run.json');
    expect(selected(readFileSync(file, 'utf8'))).toEqual([file, expect.stringContaining('"maxTokens"')]);
    await told.at(-1)!.answer('fork');
    expect(editor.executed.at(-1)).toEqual([commandId('forkRun'), folder]);
    await told.at(-1)!.answer('again');
    expect(resumed).toEqual([folder]);
    expect(told.at(-1)).toBeNull();
  });

  test('shows meanwhile that it is prepared, and can be canceled', async () => {
    const { app, folder, told, stop } = await withRun(() => {
      expect(told.at(-1)!.state).toEqual({ state: 'preparing', what: 'resume' });
      void told.at(-1)!.answer('dismiss');
    });
    const { resume } = await import('../../extension/commands/runs.ts');
    await resume(app, folder);
    expect(stop).toHaveBeenCalledOnce();
    expect(told.at(-1)).toBeNull();
  });

  test('is forked with a setting that does not fit, which can be changed again or taken from the parent', async () => {
    const { app, folder, told, begun, failed } = await withRun();
    const { forkRun } = await import('../../extension/commands/fork.ts');
    const asks = (title: string) => (row: { label: string }) => row.label.includes(title);
    editor.answers = [asks('step 2'), asks('Learning rate'), '7', asks('Start the fork')];
    await forkRun(app, folder);
    expect(failed()).toMatchObject({ usual: 'parent', answers: ['usual', 'change', 'again'] });
    const [lr] = failed().settings;
    expect(lr).toMatchObject({ id: 'optimizer.lr', value: '7' });

    // The link asks for its value; what was changed before is still there when settings are asked for again.
    editor.answers = ['8', undefined];
    await told.at(-1)!.openSetting('optimizer.lr');
    await told.at(-1)!.answer('change');
    expect(editor.asked.at(-1)!.items.find(({ label }) => label === 'Learning rate')!.description).toBe('8 (changed)');
    expect(begun).toEqual([]);

    await told.at(-1)!.answer('usual');
    expect(begun).toEqual([expect.objectContaining({ optimizer: expect.objectContaining({ lr: Number(lr!.usual) }) })]);
  });
});

describe('a start that is prepared', () => {
  test('is shown until it succeeds or fails, and can be canceled', async () => {
    const { whilePreparing } = await import('../../extension/run/preparing.ts');
    const { app, told, stop } = fakeApp();
    await whilePreparing(app, 'train', async () => {
      expect(told.at(-1)!.state).toEqual({ state: 'preparing', what: 'train' });
      await told.at(-1)!.answer('dismiss');
    });
    expect(stop).toHaveBeenCalledOnce();
    expect(told.at(-1)).toBeNull();
  });
});

test('both conflicting numbers of votes are named', async () => {
  const { namedSettings } = await import('../../extension/named-settings.ts');
  const error = (() => {
    try {
      checkVotes({ votes: 2, group: 4 });
    } catch (thrown) {
      return thrown as RollscopeError;
    }
    throw new Error('it did not fail');
  })();
  const named = namedSettings(toErrorData(error), [], { model: 'some/model', dataset: '/a.jsonl' });
  expect(named.map(({ id }) => id).sort()).toEqual(['rollscope.group', 'rollscope.votes']);
});
