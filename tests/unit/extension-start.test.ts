/** A start that fails: what the panel is told, and what its answers do to settings and to the next start. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { checkVotes } from '../../engine/protocol/config.ts';
import { RollscopeError } from '../../engine/protocol/index.ts';
import type { StartState } from '../../engine/runs/start-state.ts';
import type { ShownStart } from '../../engine/view/conversation.ts';
import { editor, resetEditor } from '../support/editor.ts';

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
      tellStart: (shown: ShownStart | null) => void told.push(shown),
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
  test('is shown with the settings that clash and the values of the preset, which repairs it', async () => {
    editor.user = { votes: 4, group: 16, config: { loss: { clipLow: 0.1 } } };
    editor.workspace = { votes: 2 };
    const { app, told, begun, failed, record } = fakeApp();
    await train(app);
    expect(failed()).toMatchObject({ state: 'failed', hasPreset: true, error: { code: 'config' } });
    expect(failed().settings).toEqual([
      { id: 'rollscope.group', name: 'rollscope.group', value: '16', preset: '8' },
      { id: 'rollscope.votes', name: 'rollscope.votes', value: '2', preset: '8' },
    ]);
    expect([begun, editor.shown]).toEqual([[], []]);
    expect(record).toHaveBeenCalledOnce();

    await told.at(-1)!.answer('preset');
    expect([editor.user, editor.workspace]).toEqual([{ config: { loss: { clipLow: 0.1 } } }, {}]);
    expect(begun).toEqual([expect.objectContaining({ votes: 8, group: 8 })]);
  });

  test('by a field of rollscope.config loses only that field', async () => {
    editor.user = { config: { loss: { clipLow: 7, clipHigh: 0.3 }, watch: 'off' } };
    const { app, told, begun, failed } = fakeApp();
    await train(app);
    expect(failed().settings).toEqual([
      { id: 'rollscope.config', name: 'rollscope.config: loss.clipLow', value: '7', preset: expect.any(String) },
    ]);
    await told.at(-1)!.answer('preset');
    expect(editor.user).toEqual({ config: { loss: { clipHigh: 0.3 }, watch: 'off' } });
    expect(begun).toHaveLength(1);
  });

  test('is repeated as it is, dismissed, and opens a setting', async () => {
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
    expect(failed().hasPreset).toBe(false);
    await told.at(-1)!.openSetting('rollscope.maxTokens');
    expect(editor.executed).toEqual([['workbench.action.openSettings', 'rollscope.maxTokens']]);
    await told.at(-1)!.answer('again');
    expect(begun).toHaveLength(1);
    await told.at(-1)!.answer('dismiss');
    expect(told.at(-1)).toBeNull();
  });

  test('shows nothing where it was canceled, and leaves bugs to the notification', async () => {
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

describe('a start that is prepared', () => {
  test('is shown until there is a run or none, and can be canceled', async () => {
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

test('both numbers of votes that clash are named', async () => {
  const { namedSettings } = await import('../../extension/named-settings.ts');
  const error = (() => {
    try {
      checkVotes({ votes: 2, group: 4 });
    } catch (thrown) {
      return thrown as RollscopeError;
    }
    throw new Error('it did not fail');
  })();
  const { code, message, hint = '' } = error;
  const named = namedSettings({ code, message, hint }, [], { model: 'some/model', dataset: '/a.jsonl' });
  expect(named.map(({ id }) => id).sort()).toEqual(['rollscope.group', 'rollscope.votes']);
});
