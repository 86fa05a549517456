/** Links that anybody can write: what the editor does with them. */
import path from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { addressIn, addressText, type PartialAddress } from '../../engine/protocol/address.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { localFolder, openAddress } from '../../extension/links.ts';
import { editor, resetEditor } from '../support/editor.ts';
import { breaking, RAW } from '../support/hostile-run.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection, expectThrow } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

vi.mock('vscode', async () => (await import('../support/editor.ts')).vscode);

beforeEach(() => resetEditor());

function opening() {
  return {
    viewer: { look: vi.fn((folder: string) => OpenRun.read(folder)) },
    panel: { goTo: vi.fn() },
    library: { read: vi.fn((folder: string) => OpenRun.read(folder)) },
  };
}

/** As it comes back from the text of a link. */
const address = (given: PartialAddress) => addressIn(new URL(addressText(given)).search.slice(1))!;

describe('a link', () => {
  test.each([
    ['runs/mine', path.posix],
    ['../../elsewhere', path.posix],
    ['', path.posix],
    ['/runs/a\0b', path.posix],
    ['runs\\mine', path.win32],
    ['\\\\host\\share\\run', path.win32],
    ['//host/share/run', path.win32],
    ['\\\\?\\UNC\\host\\share', path.win32],
  ])('to %j is refused', (folder, system) => {
    expectThrow(() => localFolder(folder, system), 'usage', { reason: 'not-local', field: 'folder', value: folder });
  });

  test.each([
    ['/runs/../runs/mine', path.posix, '/runs/mine'],
    ['//runs/mine', path.posix, '/runs/mine'],
    ['C:\\runs\\mine', path.win32, 'C:\\runs\\mine'],
  ])('to %j opens that place', (folder, system, found) => {
    expect(localFolder(folder, system)).toBe(found);
  });

  test('does not look for a folder of another machine, cursor A included', async () => {
    const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 2, votes: 2, steps: 1 });
    for (const given of [{ folder: 'elsewhere' }, { folder, fromRun: 'elsewhere' }, { folder, fromRun: '/a\0b' }]) {
      const app = opening();
      await expectRejection(openAddress(app, address(given)), 'usage', { reason: 'not-local' });
      expect([app.viewer.look, app.library.read].flatMap(({ mock }) => mock.calls)).toEqual([]);
    }
  });

  test("shows a report's claim as text only", async () => {
    const { folder, problems } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 2, votes: 2, steps: 1 });
    const claim = `share=${breaking('0.5')}`;
    const app = opening();
    await openAddress(app, address({ folder, problem: problems[0]!.id, says: claim, from: 0, fromRun: folder }));
    expect(app.panel.goTo).toHaveBeenCalledWith(expect.objectContaining({ from: 0, fromRun: folder }));
    const { message } = editor.shown.at(-1)!;
    expect(message).not.toMatch(RAW);
    expect(message).not.toContain('](');
  });
});
