/** Rollouts are counted from 1 wherever a person meets them: panel, editor and terminal name the same rollout by one number. */
import { expect, test } from 'vitest';
import { readShownGroup } from '../../../engine/cli/show/group.ts';
import { showProblem } from '../../../engine/cli/show/problem.ts';
import { showRollout } from '../../../engine/cli/show/rollout.ts';
import { openColumns } from '../../../engine/runs/open.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { addressOf, parseRolloutUri, rolloutUri } from '../../../extension/rollout/address.ts';
import { headerValues } from '../../../extension/rollout/layout.ts';
import { FakeOutput } from '../../support/output.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { panelOn, readSelected, rendered } from './panel.ts';

const VOTES = 6;

test('panel, editor and terminal count rollouts from 1', async () => {
  const folder = `${temporaryFolder()}/run`;
  await writeRunFixture(folder, { problems: 4, votes: VOTES, steps: 2, every: 2 });
  const run = await OpenRun.read(folder);
  const columns = await openColumns(folder);
  const problem = run.problems[1]!;
  const shown = await readShownGroup(folder, columns, problem, { step: 2, phase: 'train' });
  const { rollouts } = shown.detail;
  const numbers = Array.from({ length: VOTES }, (_, i) => i + 1);

  const panel = await panelOn(run);
  panel.selection.select(problem.index);
  panel.selection.lookAt(1);
  await readSelected(panel);
  const table = rendered(panel, 'inspector');
  const [, chosen] = rendered(panel, 'rollout').split('class="rollout"') as [string, string];
  const listed = [...table.matchAll(/<tr [^>]*data-rollout="(\d+)"[^>]*> *<td[^>]*>(\d+)</g)];
  expect(listed.map(([, id]) => Number(id)).sort()).toEqual(numbers);
  for (const [, id, text] of listed) expect(text).toBe(id);
  expect(chosen).toMatch(/^ data-rollout="1"/);

  for (const [index, rollout] of rollouts.entries()) {
    const number = index + 1;
    const address = addressOf(folder, run.problems, shown.detail, index);
    expect(address.rollout).toBe(number);
    expect(parseRolloutUri(rolloutUri(address, run.run))!.rollout).toBe(number);
    const place = { run: run.run, step: 2, phase: 'train', problem, index, of: VOTES };
    const facts = { ...place, imported: false, why: '', rollout };
    expect(headerValues(facts).run).toMatch(new RegExp(`\\b${number} of ${VOTES}$`));

    const output = new FakeOutput();
    showRollout(output, shown, number);
    expect(output.results).toMatchObject([{ rollout: number, text: rollout.text, answer: rollout.answer }]);
    expect(output.text.split('\n')[0]).toMatch(new RegExp(`\\b${number} of ${VOTES}\\b`));
  }
  for (const number of [0, VOTES + 1]) expect(() => showRollout(new FakeOutput(), shown, number)).toThrow();

  const output = new FakeOutput();
  showProblem(output, shown);
  // The last table lists the rollouts, the first column their numbers.
  const rows = output.text
    .split('\n')
    .flatMap((line) => /^ *(\d+) {2,}\S+ {2,}(?:correct|wrong)/.exec(line)?.[1] ?? []);
  expect(rows.map(Number)).toEqual(numbers);
  const members = shown.detail.clusters.flatMap((cluster) => cluster.members.map((member) => member + 1));
  expect([...members].sort()).toEqual(numbers.filter((number) => rollouts[number - 1]!.answer !== null));
});
