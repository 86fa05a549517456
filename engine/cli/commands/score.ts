/** `rollscope score`: scores groups sampled by another program, line by line, until its input ends. */
import { SCORE_TOPICS } from '../../config/settings.ts';
import { graderOf } from '../../grading/index.ts';
import { readProblems, readRunFile } from '../../journal/reader.ts';
import { type Problem, RollscopeError, type RunConfig, requireOwnConfig } from '../../protocol/index.ts';
import { rewardOf } from '../../reward/index.ts';
import { openColumns } from '../../runs/open.ts';
import { checkReward } from '../../training/run/check.ts';
import { checkConsent } from '../../training/run/consent.ts';
import { requireNoPolicy, scoreGroup } from '../../training/score-group.ts';
import { allowedBy, checkConfigFile } from '../consent.ts';
import { answerLines } from '../jsonl.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { configFromOptions, type RawOptions } from '../run-config.ts';
import { findRun } from '../runs.ts';
import { asInputError, problemAt, ScoreLine, scoredLine, toDetail, toProblem } from '../score-lines.ts';
import { wholeNumber } from '../values.ts';

/** Answers each input line in order. Exit code 2 if a line could not be scored. */
export async function score(file: string, raw: RawOptions): Promise<number> {
  const output = new Output(raw.json === true);
  const allowed = allowedBy(raw);
  const { config, problems, vocabulary } = await materialOf(raw, allowed);
  const reward = rewardOf(config.reward, config.rewardOptions);
  requireNoPolicy(reward, config);
  await checkReward(config, allowed.allowPrograms);
  const scorer = {
    ...{ config, reward, vocabulary },
    grader: graderOf(config.grading),
    signal: new AbortController().signal,
  };
  let refused = 0;
  const { lines, errors } = await answerLines(file, ScoreLine, async (line) => {
    const { id, problem: given, step } = line;
    const place = {
      ...(id !== undefined && { id }),
      ...(typeof given === 'number' && { problem: given }),
      ...(step !== undefined && { step }),
    };
    try {
      const problem = typeof given === 'number' ? problemAt(problems, given) : toProblem(line);
      const { detail, scores } = await scoreGroup(toDetail(line, problem.index), problem, scorer);
      return [{ ...place, ...scoredLine(detail, scores) }];
    } catch (thrown) {
      if (!(thrown instanceof RollscopeError)) throw thrown;
      const error = asInputError(thrown, config.reward);
      refused++;
      return [{ ...place, error: error.message, ...(error.hint !== undefined && { hint: error.hint }) }];
    }
  });
  output.result({ lines, errors: errors + refused });
  return errors + refused > 0 ? EXIT.usage : EXIT.ok;
}

interface Material {
  config: RunConfig;
  /** The run's problems; null without a run. */
  problems: Problem[] | null;
  vocabulary: number | null;
}

/** The configuration from a run or from the options. */
async function materialOf(
  raw: RawOptions,
  { allowPrograms, allowCommand }: ReturnType<typeof allowedBy>,
): Promise<Material> {
  const vocabulary = wholeNumber('--vocabulary', raw.vocabulary as string | undefined) ?? null;
  if (typeof raw.run !== 'string') {
    const config = configFromOptions('probe', undefined, raw, SCORE_TOPICS);
    await checkConfigFile(raw, config);
    return { config, problems: null, vocabulary };
  }
  const { runsFolder } = await placesOf(undefined);
  const folder = await findRun(raw.run, runsFolder);
  const hint = 'Give the reward with --reward instead of the run.';
  const config = requireOwnConfig(await readRunFile(folder), 'Scoring by the configuration of a run', hint);
  if (allowPrograms) await checkConsent(folder, config, allowCommand);
  const columns = await openColumns(folder);
  return {
    config,
    problems: await readProblems(folder),
    vocabulary: vocabulary ?? columns.head.run?.model.vocabulary ?? null,
  };
}
