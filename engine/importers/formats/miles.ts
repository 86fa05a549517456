/**
 * What miles leaves with `--dump-details`: `trajectory/<rollout>.jsonl` has the conversations of sessions and multi-turn
 * rollouts, `dashboard_columns/rollout_<rollout>.parquet` the tokens of all samples. Texts of other samples are in
 * `rollout_data/<rollout>.pt` only, a pickle: it runs what is written in it, so it is not read.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isMessage } from '../../data/chat.ts';
import type { RowValues } from '../../data/fields.ts';
import { readTable } from '../../data/readers.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import type { Phase } from '../../protocol/group.ts';
import { isObject } from '../../protocol/values.ts';
import { finishOf, numberIn } from '../cells.ts';
import { responseOf } from '../conversation.ts';
import type { ForeignRollout } from '../group.ts';
import type { Dump, DumpPart, Importer, LoggedGroup, ReadContext } from '../importer.ts';
import { groupsOfLines, type LineEntry } from '../line-entries.ts';
import type { ForeignMetrics } from '../metrics.ts';
import { MetricsLines, metricsWithin } from '../metrics-lines.ts';
import { RowFault } from '../row-fault.ts';
import { RowReader } from '../rows.ts';
import { type StepFile, stepFiles, WholeFiles } from '../step-files.ts';
import { numbersOf } from '../token-columns.ts';
import { endsLine } from '../whole-file.ts';

/** Where the rollouts of each phase are, by the part of the name before their number. */
const KINDS = [
  { prefix: '', phase: 'train' },
  { prefix: 'eval_', phase: 'evaluation' },
] as const satisfies { prefix: string; phase: Phase }[];

export const miles: Importer = {
  name: 'miles',
  title: "miles' folder of --dump-details with trajectory and dashboard_columns",
  checked: 'miles 31f1ca9 (August 2026)',
  detect: async (root) => (await conversationsIn(root)).length > 0 || (await withoutTexts(root)).length > 0,
  open: async (root) => open(root),
};

function open(root: string): Dump {
  const whole = new WholeFiles();
  const log = new MetricsLines(
    path.join(root, 'dashboard', 'metrics.jsonl'),
    'dashboard/metrics.jsonl',
    loggedByRollout,
  );
  const told = new Set<string>();
  // The file that is written last in a step shows that the conversations before it are complete.
  const complete = async (file: string) => {
    const stem = path.basename(file, '.jsonl');
    const later = [columnsOf(root, stem), path.join(root, 'rollout_data', `${stem}.pt`)];
    return (await endsLine(file)) && later.some((item) => existsSync(item));
  };
  return {
    origin: { engine: 'miles', version: null, files: [root] },
    run: { model: null, dataset: null, reward: null, steps: null, settings: {} },
    created: null,
    fromZero: true,
    async scan(context, following) {
      for (const name of await withoutTexts(root)) {
        if (told.has(name)) continue;
        told.add(name);
        context.faults.add(name, NO_TEXTS, 'no-texts');
      }
      const files = await conversationsIn(root);
      const { parts, waiting } = await whole.choose(files, following, new RowReader(), complete);
      const read = (part: DumpPart): DumpPart => ({ ...part, groups: (inner) => groupsOf(root, part.name, inner) });
      return { parts: parts.map(read), waiting };
    },
    metrics: (context) => log.read(context),
  };
}

const NO_TEXTS =
  'the texts of this step are only in its pickle, and pickles are not read, since opening one can run a program. If you trust it, write its samples as JSON Lines';

async function conversationsIn(root: string): Promise<StepFile[]> {
  const found: StepFile[] = [];
  for (const { prefix, phase } of KINDS) {
    for (const { name, step } of await stepFiles(
      path.join(root, 'trajectory'),
      new RegExp(`^${prefix}(\\d+)\\.jsonl$`),
    ))
      found.push({
        path: path.join(root, 'trajectory', name),
        name: `trajectory/${name}`,
        // Measured after the update on the rollout of that number, but for the first time, before any.
        step: phase === 'evaluation' && step > 0 ? step + 1 : step,
        phase,
      });
  }
  return found;
}

/** Steps without conversations: their pickles, otherwise their tokens. */
async function withoutTexts(root: string): Promise<string[]> {
  const found = new Map<string, string>();
  for (const { prefix } of KINDS) {
    const tokens = ['dashboard_columns', new RegExp(`^rollout_${prefix}(\\d+)\\.parquet$`)] as const;
    const pickles = ['rollout_data', new RegExp(`^${prefix}(\\d+)\\.pt$`)] as const;
    for (const [folder, pattern] of [tokens, pickles])
      for (const { name, step } of await stepFiles(path.join(root, folder), pattern))
        found.set(`${prefix}${step}.jsonl`, `${folder}/${name}`);
  }
  return [...found].filter(([name]) => !existsSync(path.join(root, 'trajectory', name))).map(([, name]) => name);
}

function columnsOf(root: string, stem: string): string {
  return path.join(root, 'dashboard_columns', `rollout_${stem}.parquet`);
}

async function* groupsOf(root: string, name: string, context: ReadContext): AsyncGenerator<LoggedGroup> {
  const columns = columnsOf(root, path.basename(name, '.jsonl'));
  const tokens = existsSync(columns) ? await tokensIn(columns, context) : new Map<number, RowValues>();
  yield* groupsOfLines(path.join(root, name), name, context, (values) => [entryOf(values, tokens)]);
}

/** Rows of the token columns, by sample index. */
async function tokensIn(file: string, context: ReadContext): Promise<Map<number, RowValues>> {
  try {
    const { rows } = await readTable(file);
    return new Map(rows.map(({ values }) => [numberIn(values.sample_index) ?? -1, values]));
  } catch (error) {
    if (!(error instanceof RollscopeError)) throw error;
    context.faults.add(`dashboard_columns/${path.basename(file)}`, error.message, String(error.details?.reason));
    return new Map();
  }
}

const rows = new RowReader({ prompt: 'prompt' });

/** @throws RowFault for a row that is not a conversation */
function entryOf(values: RowValues, tokens: ReadonlyMap<number, RowValues>): LineEntry {
  const { messages, prompt, sample_index: index, group_index: group, status } = values;
  if (!Array.isArray(messages) || !messages.every(isMessage)) throw new RowFault('bad-rollout', 'no messages');
  const first = promptLength(prompt, messages);
  const response = responseOf(messages.slice(first));
  if (!response) throw new RowFault('no-response', 'no assistant turn');
  const asked = messages.slice(0, first);
  return {
    problem: rows.problem({ prompt: asked.length > 0 ? asked : prompt }),
    rollout: () => ({
      ...response,
      reward: numberIn(values.reward),
      finish: finishOf(status),
      foreign: {
        ...(typeof status === 'string' && { status }),
        ...(numberIn(index) !== null && { sample_index: numberIn(index) }),
        ...(numberIn(group) !== null && { group_index: numberIn(group) }),
      },
      ...sampledTokens(tokens.get(numberIn(index) ?? -1)),
    }),
  };
}

/**
 * The length of the prompt at the beginning of the conversation; if it was changed, everything before the first turn of
 * the assistant.
 */
function promptLength(prompt: unknown, messages: readonly RowValues[]): number {
  if (Array.isArray(prompt) && prompt.length < messages.length && prompt.every(isMessage)) {
    const same = prompt.every(({ role, content }, i) => {
      return messages[i]!.role === role && JSON.stringify(messages[i]!.content) === JSON.stringify(content);
    });
    if (same) return prompt.length;
  }
  const first = messages.findIndex(({ role }) => role === 'assistant');
  return first < 0 ? messages.length : first;
}

/** The tokens after the prompt that the model sampled: results of tools have 0 in the mask. */
function sampledTokens(row: RowValues | undefined): Partial<ForeignRollout> {
  const length = numberIn(row?.response_length);
  const all = numbersOf(row?.tokens);
  if (!row || length === null || length < 1 || !all || all.length < length) return {};
  const mask = numbersOf(row.loss_mask);
  const isSampled = (_: number, i: number) => mask?.length !== length || mask[i] === 1;
  const ids = all.slice(-length).filter(isSampled);
  const logprobs = numbersOf(row.rollout_log_probs);
  const logprob = logprobs?.length === length ? Float32Array.from(logprobs.filter(isSampled)) : null;
  // A sample that does not train is masked as a whole.
  if (ids.length === 0) return { tokens: length };
  return { ids: Int32Array.from(ids), ...(logprob && { statistics: { logprob } }) };
}

/** Metrics that were logged by rollout: the trainer counts its steps separately, perhaps several per rollout. */
function loggedByRollout({ step_key, step, metrics }: RowValues): ForeignMetrics | null {
  return step_key === 'rollout/step' && isObject(metrics) ? metricsWithin(step, metrics) : null;
}
