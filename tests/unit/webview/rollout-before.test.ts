/** A rollout of cursor A next to one of B, and links to tokens. */
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAddress } from '../../../engine/protocol/address.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { goToPlace } from '../../../webview/go-to.ts';
import { selectedAddress } from '../../../webview/notebook.ts';
import { partingToken, stepBefore } from '../../../webview/rollout-before.ts';
import { readingOf } from '../../../webview/sections/rollout/response.ts';
import type { Store } from '../../../webview/store.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { until } from '../../support/wait.ts';
import { clicksOf } from './markup.ts';
import { panelOn, readSelected, rendered, template } from './panel.ts';

let run: OpenRun;
beforeAll(async () => {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 6, votes: 4, steps: 3 });
  run = await OpenRun.read(folder);
});

async function panel(): Promise<Store> {
  const store = await panelOn(run);
  store.selection.lookAt(2);
  store.selection.select(1);
  await readSelected(store);
  return store;
}

const idBefore = ({ columns, selected }: Store) => columns.idOf(selected!.before.row!);

async function readBefore(store: Store) {
  rendered(store, 'before');
  await until('the rollouts of A are read', () => store.groupsBefore.of(idBefore(store)).state === 'read');
  const reading = store.groupsBefore.of(idBefore(store));
  if (reading.state !== 'read') throw new Error('not read');
  return reading.detail.rollouts;
}

const shown = (store: Store) => Number(/data-rollout-before="(\d+)"/.exec(rendered(store, 'before'))?.[1]);

describe('a rollout of A', () => {
  test('is one click away from the problem, and gave the majority answer at A', async () => {
    const store = await panel();
    clicksOf(template(store, 'inspector'))
      .find(({ element }) => element.includes('data-action="beside"'))!
      .click();
    expect(store.selection.showsBefore).toBe(true);
    const rollouts = await readBefore(store);
    expect(rollouts[shown(store) - 1]!.answer).toBe(store.selected!.before.answer);
    // It is kept over a reload, and hidden again.
    expect(store.selection.kept).toMatchObject({ before: true });
    clicksOf(template(store, 'before'))
      .find(({ element }) => element.includes('hide-before'))!
      .click();
    expect(store.selection.kept).not.toHaveProperty('before');
  });

  test('is followed by the others of its group, and shows where its text diverges from that of B', async () => {
    const store = await panel();
    store.selection.showBefore(true);
    const rollouts = await readBefore(store);
    const first = shown(store);
    const seen = rollouts.map(() => {
      stepBefore(store, 1);
      return shown(store);
    });
    expect(new Set(seen)).toEqual(new Set(rollouts.map((_, i) => i + 1)));
    expect(seen.at(-1)).toBe(first);
    stepBefore(store, -1);
    stepBefore(store, 1);
    expect(shown(store)).toBe(first);
    const reading = store.groups.of(store.columns.idOf(store.selected!.view.row!));
    const other = reading.state === 'read' ? reading.detail.rollouts[0]!.text : '';
    const { text } = rollouts[first - 1]!;
    const parts = /data-parts="(\w+)"/.exec(rendered(store, 'before'))![1];
    expect(parts).toBe(text === other ? 'never' : String(partingToken(readingOf(rollouts[first - 1]!), text, other)));
  });

  test('does not exist if A and B are the same rollouts', async () => {
    const store = await panel();
    store.selection.compareWith(2);
    expect(store.selected!.before.row).toBe(store.selected!.view.row);
    expect(rendered(store, 'before')).not.toContain('data-rollout-before');
  });
});

test('two texts diverge at the token with the first different character', () => {
  const reading = readingOf({ tokenTexts: ['so ', '12', '+3', ' is 15'], text: 'so 12+3 is 15' });
  const text = 'so 12+3 is 15';
  expect(partingToken(reading, text, text)).toBeNull();
  expect(partingToken(reading, text, 'so 14')).toBe(1);
  expect(partingToken(reading, text, 'so 12+3 is 16')).toBe(3);
  expect(partingToken(reading, text, 'so 12+3')).toBe(3);
  expect(partingToken(reading, text, `${text}.`)).toBe(3);
  expect(partingToken(readingOf({ tokenTexts: [], text: '' }), '', 'x')).toBeNull();
});

describe('a link to tokens', () => {
  test('is copied if some are selected, and selects them when it is opened', async () => {
    const store = await panel();
    expect(parseAddress(selectedAddress(store))).toMatchObject({ rollout: null, tokens: null });
    store.selection.chooseTokens([3, 5]);
    const address = parseAddress(selectedAddress(store))!;
    expect(address).toMatchObject({ folder: run.folder, step: 2, rollout: 1, tokens: [3, 5] });

    const other = await panelOn(run);
    goToPlace(other, address);
    await readSelected(other);
    expect([other.selected!.problem.index, other.selection.rollout, other.selection.tokens]).toEqual([1, 0, [3, 5]]);
    const hits = [...rendered(other, 'rollout').matchAll(/class="[^"]*\bhit\b[^"]*" data-token="(\d+)"/g)];
    expect(hits.map(([, token]) => Number(token))).toEqual([2, 3, 4]);
    // They belong to the rollout.
    other.selection.selectRollout(1);
    expect(parseAddress(selectedAddress(other))).toMatchObject({ rollout: 2, tokens: null });
  });
});
