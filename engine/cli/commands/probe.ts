/** `rollscope probe`: samples the problems without training. */
import { PROBE_TOPICS } from '../../config/settings.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import { duration, plural, rounded } from '../../protocol/format.ts';
import { quantityText } from '../../protocol/quantities.ts';
import { mean, meanShare } from '../../protocol/values.ts';
import { recordedForecast } from '../../runs/head.ts';
import { allowedBy, checkConfigFile, withConsent } from '../consent.ts';
import { forecastSection, noForecastReason, signalTable } from '../forecast.ts';
import { type Finished, reportEnd, runInForeground, runReference } from '../foreground.ts';
import { forkSource } from '../fork.ts';
import { Output } from '../output.ts';
import { type Places, placesOf } from '../places.ts';
import { problemResults, problemTable } from '../problem-table.ts';
import { promptFile } from '../prompt-file.ts';
import { configFromOptions, type RawOptions } from '../run-config.ts';
import { datasetInWords, modelInWords } from '../subject.ts';

/** Exit codes of `train`. Does not change weights. */
export async function probe(dataset: string | undefined, raw: RawOptions): Promise<number> {
  const output = new Output(raw.json === true);
  const places = await placesOf(raw.out as string | undefined);
  const given = await probeDataset(dataset, raw.prompt as string | undefined, places.home);
  const from = await checkpointOf(raw, places.runsFolder, given);
  const config = configFromOptions('probe', given, raw, PROBE_TOPICS, from?.defaults);
  await withConsent(output, allowedBy(raw), (allowed) => checkConfigFile({ ...raw, ...allowed }, config));
  const name = raw.name as string | undefined;
  const finished = await runInForeground(output, places, (engine, signal) => {
    output.note(
      `Probing ${from ? `${from.run} at step ${from.step}` : modelInWords(config)} on ${datasetInWords(config)}: ${plural(config.votes, 'rollout')} per problem.`,
    );
    const start = { config, name, allowPrograms: raw.allowPrograms === true };
    return engine.start({ ...start, ...(from && { from: { folder: from.folder, step: from.step } }) }, signal);
  });
  return finishProbe(output, finished, places);
}

/** The dataset as the user named it, or a file with the prompt given instead. */
async function probeDataset(
  dataset: string | undefined,
  prompt: string | undefined,
  home: string,
): Promise<string | undefined> {
  if (prompt === undefined) return dataset;
  if (dataset === undefined && prompt.trim() !== '') return promptFile(home, prompt);
  throw new RollscopeError(
    'usage',
    dataset === undefined ? '--prompt is empty.' : '--prompt and a dataset exclude each other.',
    dataset === undefined ? undefined : 'Remove one of them.',
    { details: { reason: dataset === undefined ? 'bad-value' : 'options-exclude', field: '--prompt' } },
  );
}

/** The checkpoint to sample from; null for the model's own weights. */
async function checkpointOf(raw: RawOptions, runsFolder: string, dataset: string | undefined) {
  const { checkpoint, step } = raw as { checkpoint?: string; step?: string };
  if (checkpoint !== undefined) return forkSource(checkpoint, step, { runsFolder, dataset });
  if (step === undefined) return null;
  throw new RollscopeError('usage', '--step requires --checkpoint.', 'Add --checkpoint <run>.', {
    details: { reason: 'option-needs-checkpoint', field: '--step' },
  });
}

/** Prints the results of a probe; returns the exit code. */
export async function finishProbe(output: Output, finished: Finished, places: Places): Promise<number> {
  const { handle, end, columns, seconds } = finished;
  const { readProblems } = await import('../../journal/reader.ts');
  const problems = await readProblems(handle.folder);
  const results = problemResults(problems, columns);
  const summary = {
    problems: results.length,
    accuracy: mean(results.map(({ accuracy }) => accuracy)),
    majorityAccuracy: mean(results.map(({ correct }) => (correct === null ? null : Number(correct)))),
    majorityShare: meanShare(results.map((result) => result.share)),
  };
  const forecast = recordedForecast(columns.head);
  const absent = columns.head.run && noForecastReason(columns.head.run.config);
  const code = reportEnd(output, finished, places.usualRunsFolder);
  if (results.length > 0) {
    output.print(`\n${problemTable(results)}\n`);
    output.print(
      `${plural(results.length, 'problem')}: accuracy ${quantityText('accuracy', summary.accuracy)}, majority accuracy ${quantityText('accuracy', summary.majorityAccuracy)}, majority share ${quantityText('share', summary.majorityShare)} (${duration(seconds)})`,
    );
    if (forecast) {
      output.print(`\n${forecastSection(forecast, problems)}`);
      const right = new Map(results.map(({ index, correct }) => [index, correct]));
      const signals = signalTable(forecast, right);
      if (signals) output.print(`\n${signals}`);
      output.print('');
    } else if (absent) output.print(`\n${absent}\n`);
    output.print(`Show one problem: rollscope show ${runReference(handle, places.usualRunsFolder)} --problem <id>`);
  }
  output.print(`Run folder: ${handle.folder}`);
  output.result({
    run: handle.run,
    folder: handle.folder,
    status: end.reason,
    ...summary,
    results,
    forecast,
    seconds: rounded(seconds, 3),
    peakMemoryBytes: handle.peakMemoryBytes(),
    ...(end.error ? { error: end.error } : {}),
  });
  return code;
}
