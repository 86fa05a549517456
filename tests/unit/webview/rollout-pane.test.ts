/** The pane of one rollout: fork point, prompt, answer, shadings, and a response that is too long to draw every token. */
import { beforeAll, expect, test } from 'vitest';
import type { GroupDetail, Rollout } from '../../../engine/protocol/group.ts';
import { TOKEN_SHADINGS } from '../../../engine/runs/panel-state.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { columnsOf } from '../../../webview/sections/rollout/map.ts';
import type { Store } from '../../../webview/store.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { until } from '../../support/wait.ts';
import { clicksOf } from './markup.ts';
import { panelOn, readSelected, rendered, template } from './panel.ts';

let run: OpenRun;
beforeAll(async () => {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 6, steps: 2 });
  run = await OpenRun.read(folder);
});

/** The first group of training whose rollouts are neither all right nor all wrong, with a wrong one chosen. */
async function onWrong(): Promise<{ store: Store; detail: Pick<GroupDetail, 'rollouts'>; index: number }> {
  const store = await panelOn(run);
  store.selection.lookAt(1);
  for (const problem of store.problems.keys()) {
    store.selection.select(problem);
    await readSelected(store);
    const reading = store.groups.of(store.columns.idOf(store.selected!.view.row!));
    if (reading.state !== 'read') throw new Error('not read');
    const { rollouts } = reading.detail;
    const index = rollouts.findIndex(({ correct }) => correct === false);
    if (index < 0 || rollouts.every(({ correct }) => !correct)) continue;
    store.selection.selectRollout(index);
    return { store, detail: reading.detail, index };
  }
  throw new Error('no such group');
}

const action = (store: Store, name: string) =>
  clicksOf(template(store, 'rollout')).find(({ element }) => element.includes(`data-action="${name}"`))!.click;

test('a wrong rollout shows where it diverges from a correct one, and opens the diff', async () => {
  const { store, detail, index } = await onWrong();
  const html = rendered(store, 'rollout');
  const sibling = Number(/data-sibling="(\d+)"/.exec(html)![1]) - 1;
  const at = Number(/data-fork="(\d+)"/.exec(html)![1]);
  const [own, other] = [detail.rollouts[index]!, detail.rollouts[sibling]!];
  expect(other.correct).toBe(true);
  expect(own.tokenTexts!.slice(0, at)).toEqual(other.tokenTexts!.slice(0, at));
  expect(own.tokenTexts![at]).not.toBe(other.tokenTexts![at]);
  expect(html).toContain(`data-drawn="rollout ${sibling + 1}"`);
  action(store, 'choose-sibling')();
  expect(store.selection.rollout).toBe(sibling);
});

test('the answer is outlined, and the rule that found it is named', async () => {
  const { store, detail, index } = await onWrong();
  const html = rendered(store, 'rollout');
  expect(html).toMatch(/found by \\boxed\{\}/);
  const outlined = [...html.matchAll(/<span class="[^"]*\banswer\b[^"]*"[^>]*>([^<]*)</g)]
    .map(([, text]) => text)
    .join('');
  expect(outlined).toContain(detail.rollouts[index]!.answer);
});

test('every shading is offered with an explanation of its shades', async () => {
  const { store } = await onWrong();
  for (const shading of TOKEN_SHADINGS) {
    store.selection.setShading(shading);
    rendered(store, 'rollout');
    if (shading === 'change') {
      const { row } = store.selected!.before;
      await until('A is read', () => store.groupsBefore.of(store.columns.idOf(row!)).state === 'read');
    }
    expect(rendered(store, 'rollout'), shading).toMatch(/aria-label="Shades from weak to strong begin at [^"]*\d/);
  }
});

test('the prompt is read on demand', async () => {
  const { store } = await onWrong();
  const { index, text } = store.selected!.problem;
  store.prompts.ask(index);
  await until('it is read', () => store.prompts.of(index).state === 'read');
  expect(store.prompts.of(index)).toEqual({ state: 'read', text: `${text}\n` });
});

test('of 32,000 tokens only those near the visible part are drawn one by one; the others are there as text', async () => {
  const store = await panelOn(run);
  await readSelected(store);
  const reading = store.groups.of(store.columns.idOf(store.selected!.view.row!));
  if (reading.state !== 'read') throw new Error('not read');
  const tokenTexts = Array.from({ length: 32_000 }, (_, i) => ` w${i}`);
  const long: Partial<Rollout> = {
    ...{ tokenTexts, text: tokenTexts.join(''), ids: null, tokens: tokenTexts.length, answer: null },
    statistics: { ...reading.detail.rollouts[0]!.statistics, logprob: new Float32Array(tokenTexts.length).fill(-0.1) },
  };
  Object.assign(reading.detail.rollouts[0]!, long);
  const html = rendered(store, 'rollout');
  expect(html.match(/data-token=/g)!.length).toBeLessThan(1_000);
  const blocks = [...html.matchAll(/data-block="\d+">(.*?)<\/span>(?=<span class="block"|<\/div>)/gs)];
  const text = blocks.map(([, content]) => content!.replace(/<[^>]+>/g, '')).join('');
  expect(text).toBe(long.text);
});

test('the map shows each token if there is room, and otherwise how the means of its columns differ', () => {
  expect([...columnsOf([0, 7], 2, 4)]).toEqual([0, 0, 1, 1]);
  const shades = Array.from({ length: 400 }, (_, i) => (i < 200 ? i % 2 : 6 + (i % 2)));
  expect([...columnsOf(shades, 400, 4)]).toEqual([0, 0, 1, 1]);
  expect([...columnsOf([], 0, 2)]).toEqual([0, 0]);
});
