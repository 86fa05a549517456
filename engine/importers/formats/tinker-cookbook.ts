/**
 * tinker-cookbook's log folder: `iteration_<n>/<train or eval_…>_rollout_summaries.jsonl` has the rewards, metrics and
 * lengths of all trajectories and no text; `…_logtree.json` next to it has the texts of the first groups
 * (`num_groups_to_log`). What has both is imported. `metrics.jsonl` and `config.json` are of the run.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { readJson } from '../../data/json.ts';
import type { ForeignValue } from '../../protocol/group.ts';
import { isObject } from '../../protocol/values.ts';
import { numberIn, scalarsIn, textIn } from '../cells.ts';
import { responseOf } from '../conversation.ts';
import type { ForeignRollout } from '../group.ts';
import type { Dump, DumpPart, Importer, LoggedGroup, ReadContext } from '../importer.ts';
import { fileState, scanLines } from '../line-index.ts';
import { MetricsLines, plainMetrics } from '../metrics-lines.ts';
import { addRowFault, RowFault } from '../row-fault.ts';
import { RowReader } from '../rows.ts';
import { type StepFile, stepFiles, WholeFiles } from '../step-files.ts';
import { endsObject } from '../whole-file.ts';
import { type Attempt, groupsIn, joinedTurns, type LoggedRollouts, signature, thousandths } from './logtree.ts';

const ITERATION = /^iteration_(\d+)$/;
const SUMMARIES = '_rollout_summaries.jsonl';
const TEXTS = '_logtree.json';

export const tinkerCookbook: Importer = {
  name: 'tinker-cookbook',
  title: "tinker-cookbook's log folder with iteration_<n>",
  checked: 'tinker-cookbook 0.6.1',
  detect: async (root) => (await namesIn(root)).length > 0,
  open,
};

async function open(root: string): Promise<Dump> {
  const config = (await jsonOf(path.join(root, 'config.json')).catch(() => null)) ?? {};
  const whole = new WholeFiles();
  const log = new MetricsLines(path.join(root, 'metrics.jsonl'), 'metrics.jsonl', plainMetrics);
  const told = new Set<string>();
  return {
    origin: { engine: 'tinker-cookbook', version: null, files: [root] },
    run: {
      model: textIn(config.model_name),
      dataset: null,
      reward: 'total_reward',
      steps: numberIn(config.max_steps),
      settings: scalarsIn(config),
    },
    created: null,
    fromZero: true,
    async scan(context, following) {
      const names = await namesIn(root);
      const files = names.filter(({ path: file }) => existsSync(file));
      for (const { name } of names) {
        const isMissing = !files.some((file) => file.name === name);
        // The trainer writes texts before summaries, so texts that are missing now will not come.
        if (!isMissing || told.has(name)) continue;
        told.add(name);
        context.faults.add(
          `${name}${SUMMARIES}`,
          `no text: there is no ${name}${TEXTS} (num_groups_to_log)`,
          'no-texts',
        );
      }
      const { parts, waiting } = await whole.choose(files, following, rows, endsObject);
      const read = async (part: DumpPart): Promise<DumpPart> => {
        const summaries = await fileState(path.join(root, `${part.name}${SUMMARIES}`));
        const stamp = `${part.stamp}, ${summaries?.stamp ?? 'none'}`;
        return { ...part, stamp, groups: (inner) => groupsOf(root, part.name, inner) };
      };
      return { parts: await Promise.all(parts.map(read)), waiting };
    },
    metrics: (context) => log.read(context),
  };
}

/** The rollouts that exist, by file names without their endings, whether their texts exist or their summaries. */
async function namesIn(root: string): Promise<StepFile[]> {
  const found: StepFile[] = [];
  for (const { name: folder, step } of await stepFiles(root, ITERATION)) {
    const ends = [SUMMARIES, TEXTS];
    const files = await readdir(path.join(root, folder)).catch(() => []);
    const names = new Set(
      files.flatMap((file) => ends.filter((end) => file.endsWith(end)).map((end) => file.slice(0, -end.length))),
    );
    for (const name of [...names].toSorted()) {
      // An evaluation measures the weights before the iteration.
      const phase = name === 'train' ? 'train' : 'evaluation';
      found.push({ path: path.join(root, folder, `${name}${TEXTS}`), name: `${folder}/${name}`, step, phase });
    }
  }
  return found;
}

const rows = new RowReader({ prompt: 'prompt', reference: 'reference' });

async function* groupsOf(root: string, name: string, context: ReadContext): AsyncGenerator<LoggedGroup> {
  const file = path.join(root, `${name}${TEXTS}`);
  const summaries = await summariesOf(root, name, context);
  let groups: LoggedRollouts[] = [];
  try {
    groups = groupsIn(await jsonOf(file));
  } catch (error) {
    context.faults.add(`${name}${TEXTS}`, (error as Error).message, 'broken-json');
  }
  let known = 0;
  const found = new Map<number, ForeignRollout[]>();
  for (const { attempts: turns, trajectories } of groups) {
    context.check();
    const attempts = turns.length > trajectories.length ? joinedTurns(turns) : turns;
    const at = summaries.findIndex((candidate) => candidate.map(turnsOf).join('\n') === trajectories.join('\n'));
    // Each is the summary of one group.
    const [summary] = at < 0 ? [] : summaries.splice(at, 1);
    if (summary) known++;
    try {
      if (attempts.length === 0 || (trajectories.length > 0 && trajectories.length !== attempts.length)) {
        const why = `${attempts.length} logged responses of ${trajectories.length} trajectories`;
        throw new RowFault('no-texts', `${why}, which cannot be matched`);
      }
      const { prompt, table } = attempts[0]!;
      const asked = rows.problem({ prompt, reference: table.reference_answer ?? null });
      const problem = context.problems.register({ ...asked, source: file, line: null });
      const rollouts = attempts.map((attempt) => rolloutOf(attempt, summary ?? []));
      found.set(problem, [...(found.get(problem) ?? []), ...rollouts]);
    } catch (error) {
      addRowFault(context.faults, `${name}${TEXTS}`, error);
    }
  }
  if (summaries.length > 0) {
    const total = known + summaries.length;
    const why = `${summaries.length} of ${total} groups have no text in ${name}${TEXTS} (num_groups_to_log)`;
    context.faults.add(`${name}${SUMMARIES}`, why, 'no-texts');
  }
  for (const [problem, rollouts] of found) yield { problem, rollouts };
}

type Summary = Record<string, unknown>;

/** Trajectories by group. */
async function summariesOf(root: string, name: string, context: ReadContext): Promise<Summary[][]> {
  const file = path.join(root, `${name}${SUMMARIES}`);
  if (!existsSync(file)) return [];
  const groups = new Map<unknown, Summary[]>();
  for await (const { values } of scanLines(file, `${name}${SUMMARIES}`, { offset: 0, lines: 0 }, context, true))
    groups.set(values.group_idx, [...(groups.get(values.group_idx) ?? []), values]);
  return [...groups.values()];
}

function stepsIn({ steps }: Summary): Record<string, unknown>[] {
  return Array.isArray(steps) ? steps.filter(isObject) : [];
}

/** The turns in the form of the texts. */
function turnsOf(summary: Summary): string {
  return stepsIn(summary)
    .map(({ ob_len: observed, ac_len: acted, reward }) => signature(observed, acted, reward))
    .join(' ');
}

/**
 * An attempt with the values of its summary. Texts are logged in the order of completion, so a trajectory is identified
 * by its reward; if several have that reward, only their common values are known.
 */
function rolloutOf({ response, table }: Attempt, summary: readonly Summary[]): ForeignRollout {
  const said = responseOf(response);
  if (!said) throw new RowFault('no-response', 'no response');
  const candidates = summary.filter((item) => thousandths(rewardOf(item)) === thousandths(table.reward));
  const common = <T>(of: (one: Summary) => T): T | null => {
    const values = new Set(candidates.map(of));
    return values.size === 1 ? [...values][0]! : null;
  };
  const metrics = new Set(candidates.flatMap((candidate) => Object.keys(metricsOf(candidate))));
  const counted = [...metrics].flatMap((name) => {
    const value = common((item) => metricsOf(item)[name] ?? null);
    return value === null ? [] : [[name, value] as const];
  });
  return {
    ...said,
    reward: common((item) => numberIn(item.total_reward)) ?? numberIn(table.reward),
    tokens: common((item) => sum(stepsIn(item).map(({ ac_len: acted }) => numberIn(acted)))),
    foreign: { ...verdictsIn(table), ...Object.fromEntries(counted) },
  };
}

/** The environment's reward, without the part that was given to the group. */
function rewardOf(summary: Summary): number | null {
  return sum(stepsIn(summary).map(({ reward }) => numberIn(reward)));
}

function metricsOf(summary: Summary): Record<string, ForeignValue> {
  const all = [...stepsIn(summary).map(({ metrics }) => metrics), summary.trajectory_metrics].filter(isObject);
  return scalarsIn(Object.assign({}, ...all));
}

/** The true and false values of the table. */
function verdictsIn(table: Record<string, string>): Record<string, boolean> {
  const verdicts = Object.entries(table).filter(([, value]) => value === 'True' || value === 'False');
  return Object.fromEntries(verdicts.map(([name, value]) => [name, value === 'True']));
}

function sum(values: readonly (number | null)[]): number | null {
  return values.length === 0 || values.includes(null) ? null : values.reduce<number>((a, b) => a + b!, 0);
}

async function jsonOf(file: string): Promise<Record<string, unknown>> {
  const value: unknown = readJson(await readFile(file, 'utf8'));
  return isObject(value) ? value : {};
}
