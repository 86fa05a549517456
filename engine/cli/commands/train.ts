/** `rollscope train`: trains a model on a dataset. */
import path from 'node:path';
import { ENGINE_TOPIC, TRAIN_TOPICS } from '../../config/settings.ts';
import { isOnTrl, isOnVerl, type RunConfig } from '../../protocol/config.ts';
import { bytes, duration, integer, plural, rounded } from '../../protocol/format.ts';
import { recordedScore } from '../../runs/head.ts';
import { allowedBy, checkConfigFile, withConsent } from '../consent.ts';
import { scoreText } from '../forecast.ts';
import { type Finished, reportEnd, runInForeground, runReference } from '../foreground.ts';
import { Output } from '../output.ts';
import { type Places, placesOf } from '../places.ts';
import { configFromOptions, type RawOptions } from '../run-config.ts';
import { datasetInWords, modelInWords } from '../subject.ts';
import { beforeAfterTable, type RunSummary, runSummary } from '../summary.ts';

/**
 * Exit code 0 for a completed run, 1 for a failed one, 3 for a stopped one. Before the start, throws `config`,
 * `dataset`, `model`.
 */
export async function train(dataset: string | undefined, raw: RawOptions): Promise<number> {
  const output = new Output(raw.json === true);
  const config = configFromOptions('train', dataset, raw, [...TRAIN_TOPICS, ENGINE_TOPIC]);
  await withConsent(output, allowedBy(raw), (allowed) => checkConfigFile({ ...raw, ...allowed }, config));
  const places = await placesOf(raw.out as string | undefined);
  const name = raw.name as string | undefined;
  const finished = await runInForeground(output, places, (engine, signal) => {
    // Ctrl+C is handled from here on, so users may press it once this line is printed.
    output.note(headlineText(config));
    return engine.start({ config, name, allowPrograms: raw.allowPrograms === true }, signal);
  });
  return finish(output, finished, places);
}

/** Prints the results of a training run; returns the exit code. */
export function finish(output: Output, finished: Finished, places: Places): number {
  const { handle, end, columns, seconds } = finished;
  const summary = runSummary(columns, handle.peakMemoryBytes());
  const code = reportEnd(output, finished, places.usualRunsFolder);
  if (end.reason !== 'failed') printSummary(output, finished, summary, places);
  output.result({
    run: handle.run,
    folder: handle.folder,
    status: end.reason,
    ...summary,
    forecast: recordedScore(columns.head),
    seconds: rounded(seconds, 3),
    ...(end.error ? { error: end.error } : {}),
  });
  return code;
}

function printSummary(
  output: Output,
  { handle, columns, seconds }: Finished,
  summary: RunSummary,
  places: Places,
): void {
  const table = beforeAfterTable(columns);
  if (table) output.print(`\n${table}\n`);
  const score = recordedScore(columns.head);
  if (score) output.print(`${scoreText(score)}\n`);
  output.print(
    `Total ${duration(seconds)} · ${integer(summary.rolloutTokensPerSecond)} rollout tokens/s · peak memory ${bytes(summary.peakMemoryBytes)}`,
  );
  output.print(`Run folder: ${handle.folder}`);
  output.print(`Terminal:   rollscope show ${runReference(handle, places.usualRunsFolder)}`);
  output.print(
    `VS Code:    code "${path.dirname(handle.folder)}", then run "Rollscope: Open Run" from the Command Palette`,
  );
}

function headlineText(config: RunConfig): string {
  const how = config.lora ? `LoRA rank ${config.lora.rank}` : 'all weights';
  const trainer = isOnTrl(config) ? ' with TRL' : isOnVerl(config) ? ' with verl' : '';
  return `Training ${modelInWords(config)} (${how})${trainer} on ${datasetInWords(config)} with ${config.reward}: ${plural(config.steps, 'step')}, ${plural(config.batch, 'problem')} per step, ${plural(config.group, 'rollout')} per problem.`;
}
