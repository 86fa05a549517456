/** What the panel says, section by section, in each of its states: in one file, to be read as a whole. */
import { expect, test } from 'vitest';
import type { Progress } from '../../../engine/protocol/rpc.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import type { Store } from '../../../webview/store.ts';
import { forecastOf, problemForecast } from '../../support/forecast.ts';
import { writeForeignRun } from '../../support/foreign-run.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { type RunFixtureOptions, writeRunFixture } from '../../support/run-fixture.ts';
import { until } from '../../support/wait.ts';
import { wordingFile } from '../../support/wording.ts';
import { textsOf } from './markup.ts';
import { changeHead, panelOn, readSelected, rendered, type Section } from './panel.ts';

const time = '2026-11-24T19:31:00.000Z';
const progress: Progress = {
  run: 'run',
  folder: '/runs/run',
  state: 'running',
  activity: 'sampling',
  detail: null,
  step: 2,
  steps: 10,
  fraction: 0.5,
  tokensPerSecond: 31_533,
  secondsLeft: 75,
  residentBytes: 4e8,
};
const states: string[] = [];

function say(state: string, store: Store, sections: readonly Section[]): void {
  const texts = sections.map((section) => `--- ${section}\n${textsOf(rendered(store, section))}`);
  states.push([`=== ${state}`, ...texts].join('\n'));
}

async function opened(options: RunFixtureOptions = {}): Promise<Store> {
  const folder = `${temporaryFolder()}/run`;
  await writeRunFixture(folder, { problems: 6, steps: 4, every: 2, ...options });
  return panelOn(await OpenRun.read(folder));
}

test('the panel', async () => {
  say('no run', await panelOn(null), ['app']);

  const starting = await panelOn(null);
  starting.start = { state: 'preparing', what: 'train' };
  say('a run that is prepared', starting, ['start']);
  starting.start = {
    ...{ state: 'failed', what: 'train on problems.jsonl', usual: 'preset', answers: ['usual', 'again'] },
    error: {
      code: 'config',
      message: 'setting rollscope.group 16 is too many.',
      hint: 'Raise setting rollscope.votes.',
    },
    settings: [
      { id: 'rollscope.group', name: 'rollscope.group', value: '16', usual: '8' },
      { id: 'rollscope.votes', name: 'rollscope.votes', value: null, usual: '8' },
    ],
  };
  say('a start that failed', starting, ['start']);

  const store = await opened();
  store.phase = 'loading';
  store.loaded = 0.42;
  say('loading a run', store, ['app']);
  store.phase = 'failed';
  const failure = { code: 'run-broken' as const, message: 'The message.', hint: 'The hint.', again: () => undefined };
  store.failures.set('attach', failure);
  say('a run that cannot be read', store, ['app']);
  store.failures.clear();
  store.phase = 'run';

  store.finder.open();
  store.finder.set({ text: 'let me', phase: 'train', correct: false, firstStep: 4 });
  store.finder.start();
  await until('the search is done', () => store.finder.at.state === 'found');
  say('rollouts that were found', store, ['find']);
  store.finder.set({ text: 'nowhere' });
  store.finder.start();
  say('a search that has begun', store, ['find']);
  store.finder.tell({ done: 120, of: 400, hits: 3 });
  say('a search under way', store, ['find']);
  await until('the search is done', () => store.finder.at.state === 'found');
  say('no rollouts found', store, ['find']);
  store.finder.close();

  // Problem 4 has a confidently wrong majority.
  store.selection.select(3);
  await readSelected(store);
  say('a completed run, a problem at its evaluation', store, [
    'header',
    'diagnosis',
    'scrubber',
    'curves',
    'problems',
    'inspector',
    'rollout',
  ]);
  store.selection.lookAt(1);
  await readSelected(store);
  say('the problem at a step of training', store, ['diagnosis', 'scrubber', 'inspector', 'rollout']);
  store.selection.lookAt(null);

  const forecast = forecastOf([
    problemForecast(0),
    problemForecast(1, { answer: null, right: 0 }),
    problemForecast(3, { answer: '17', majority: false, right: 0.2, certaintyAgreement: 0.75 }),
  ]);
  const problems = Object.fromEntries(
    forecast.problems.map((item) => [
      item.problem,
      { ...item, likelyWrong: forecast.likelyWrong.includes(item.problem) },
    ]),
  );
  changeHead(store, { forecast: { ...forecast, problems } });
  say('with a forecast', store, ['diagnosis', 'problems', 'inspector']);
  store.selection.setFilter('predicted:wrong');
  say('filtered by the forecast', store, ['problems']);
  store.selection.setFilter('predicted:wrong nowhere');
  say('a filter that finds nothing', store, ['problems']);
  store.selection.setFilter('');
  store.selection.select(1);
  say('without a predicted majority', store, ['inspector']);
  store.selection.select(3);
  const estimate = { mean: 0.5, low: 0.2, high: 0.8 };
  const score = {
    problems: 3,
    auroc: estimate,
    brier: estimate,
    baseBrier: 0.25,
    expected: 0.6,
    actual: estimate,
    step: 4,
  };
  changeHead(store, {
    forecast: { ...store.columns.head.forecast!, reward: 'dual', by: 'majority-vote' },
    forecastScore: score,
  });
  say('with a scored forecast of another reward', store, ['diagnosis', 'inspector']);

  const warning = { seq: 1001, time, type: 'warning' as const };
  const reasons = [{ signal: 'shorter', level: 'watch', text: 'response length went from 12 to 8' }];
  changeHead(store, {
    warnings: [
      { ...warning, step: null, code: 'dataset', message: 'A warning about the dataset.' },
      { ...warning, step: 3, code: 'collapse-watch', message: 'The message.', watch: { level: 'watch', reasons } },
    ] as never,
  });
  say('with warnings', store, ['header', 'diagnosis']);
  store.info = { ...store.info!, status: 'running' };
  store.progress = progress;
  say('running', store, ['header']);
  store.progress = { ...progress, secondsLeft: null, tokensPerSecond: null, residentBytes: null };
  say('running, without estimates', store, ['header']);
  store.progress = { ...progress, state: 'paused' };
  say('paused', store, ['header']);
  store.progress = null;
  for (const status of ['interrupted', 'failed', 'stopped'] as const) {
    store.info = { ...store.info, status };
    say(status, store, ['header']);
  }

  const error = { code: 'non-finite', message: 'The message.', hint: 'The hint.' };
  changeHead(store, { end: { ...warning, type: 'end', reason: 'failed', step: 3, error } });
  store.info = { ...store.info, status: 'failed' };
  say('failed, with the reason', store, ['header']);

  store.selection.lookAt(0);
  store.groups.of = () => ({ state: 'reading' });
  say('reading rollouts', store, ['inspector']);
  store.groups.of = () => ({ state: 'failed', failure });
  say('rollouts that cannot be read', store, ['inspector']);
  store.selection.problem = null;
  say('no problem selected', store, ['inspector']);

  const unlabeled = await opened({ labels: false });
  await readSelected(unlabeled);
  say('without reference answers', unlabeled, ['header', 'curves', 'problems', 'inspector']);
  unlabeled.info = { ...unlabeled.info!, job: 'probe' };
  say('a probe', unlabeled, ['header', 'problems']);

  const { folder } = await writeForeignRun(`${temporaryFolder()}/trl`);
  const foreign = await panelOn(await OpenRun.read(folder));
  foreign.selection.chooseChart(0, 'foreign/completions/mean_length', foreign.columns);
  foreign.selection.lookAt(1);
  foreign.selection.select(0);
  await readSelected(foreign);
  const skipped = { records: 1, types: { wonder: 1 }, version: '9.9.9', message: 'The message about skipped records.' };
  foreign.info = { ...foreign.info!, skipped };
  say('a run of another trainer', foreign, ['header', 'curves', 'problems', 'inspector']);

  await expect(`${states.join('\n\n')}\n`).toMatchFileSnapshot(wordingFile('panel'));
});
