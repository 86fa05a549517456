/**
 * Episodes of the package `verifiers`, as its `Episode.to_record` writes them: a task, and the traces of the agents that worked
 * on it. A trace is a graph of messages; its rollout is the path to the last leaf, split before the first message that the
 * model wrote. A trace on its own is read too. Pure.
 */
import { promptOf } from '../../data/chat.ts';
import type { RowValues } from '../../data/fields.ts';
import type { ForeignValue, Phase, Rollout } from '../../protocol/group.ts';
import { isObject } from '../../protocol/values.ts';
import { numberIn, objectIn, scalarsIn, textIn } from '../cells.ts';
import { COMMON_NAMES } from '../columns.ts';
import { responseOf } from '../conversation.ts';
import type { ForeignRollout } from '../group.ts';
import type { LineEntry } from '../line-entries.ts';
import { RowFault } from '../row-fault.ts';
import { RowReader } from '../rows.ts';

/** What a line contains about its run. */
export interface EpisodeOrigin {
  env: string | null;
  model: string | null;
  sampling: Record<string, ForeignValue>;
  /** The purpose of the episode; null outside of training runs. */
  work: { phase: Phase; step: number } | null;
}

/** null for a line that is neither an episode nor a trace. */
export function originOf(values: RowValues): EpisodeOrigin | null {
  const traces = tracesIn(values);
  if (!traces) return null;
  const { config } = objectIn(traces[0]?.agent);
  const { model, sampling } = objectIn(config);
  const { id, name } = objectIn(values.env);
  const { work } = objectIn(values.run);
  const { type, step } = objectIn(work);
  return {
    env: textIn(name) ?? textIn(id),
    model: textIn(model),
    sampling: scalarsIn(objectIn(sampling)),
    work: typeof step === 'number' ? { phase: type === 'eval' ? 'evaluation' : 'train', step } : null,
  };
}

/**
 * The rollouts of an episode: one for each trace of an agent that is trained, or of any where none is.
 * @throws RowFault for a line that is not an episode, and for an episode in which no model said anything
 */
export function entriesOf(values: RowValues): LineEntry[] {
  const traces = tracesIn(values);
  if (!traces) throw new RowFault('bad-rollout', 'neither an episode nor a trace of verifiers');
  const trained = traces.filter(({ agent }) => objectIn(agent).trainable !== false);
  const entries = (trained.length > 0 ? trained : traces).flatMap((trace) => entryOf(trace, values) ?? []);
  if (entries.length === 0) throw new RowFault('no-response', `no response${errorIn(values, traces)}`);
  return entries;
}

type Named = Record<string, unknown>;

/** The traces of an episode; a trace by itself is its own only trace. null for neither. */
function tracesIn(values: RowValues): Named[] | null {
  if (!isObject(values.task) || !('data' in values.task)) return null;
  if (Array.isArray(values.traces)) return values.traces.filter(isObject);
  return Array.isArray(values.nodes) ? [values] : null;
}

/** A message of the graph. */
interface Node {
  parent: number | null;
  message: Named;
  /** The model wrote it. */
  sampled: boolean;
  values: Named;
}

/** null if the model produced nothing. */
function entryOf(trace: Named, episode: RowValues): LineEntry | null {
  const path = lastPath(nodesIn(trace));
  const first = path.findIndex(({ sampled }) => sampled);
  if (first < 0) return null;
  const response = responseOf(path.slice(first).map(({ message }) => message));
  if (!response) throw new RowFault('bad-rollout', 'a message without a role');
  const prompt = path.slice(0, first).map(({ message }) => message);
  const rewards = objectIn(trace.rewards);
  return {
    problem: problemOf(trace, episode, prompt),
    rollout: () => ({
      ...response,
      reward: totalOf(rewards),
      rewards: Object.fromEntries(Object.entries(rewards).map(([name, one]) => [name, partOf(one).score])),
      advantage: advantageOf(trace, path),
      foreign: {
        ...scalarsIn(objectIn(trace.metrics)),
        ...factsOf(trace, episode, path),
      },
      finish: finishOf(trace),
      ...tokensOf(trace, path),
    }),
  };
}

function nodesIn({ nodes }: Named): Node[] {
  return (Array.isArray(nodes) ? nodes.filter(isObject) : []).map((values) => ({
    parent: typeof values.parent === 'number' ? values.parent : null,
    message: objectIn(values.message),
    sampled: values.sampled === true,
    values,
  }));
}

/** From a root to the last leaf: branches are what a harness rewrote, or handed to another agent, before that. */
function lastPath(nodes: readonly Node[]): Node[] {
  const parents = new Set(nodes.map(({ parent }) => parent));
  const path: Node[] = [];
  // A parent precedes its children, so this ends.
  for (let at: number | null = nodes.findLastIndex((_, i) => !parents.has(i)); at !== null && at >= 0; ) {
    const node: Node = nodes[at]!;
    path.unshift(node);
    at = node.parent !== null && node.parent < at ? node.parent : null;
  }
  return path;
}

const rows = new RowReader({ prompt: 'prompt', reference: 'reference', id: 'id' });

function problemOf(trace: Named, episode: RowValues, prompt: Named[]): LineEntry['problem'] {
  const task = objectIn(trace.task ?? episode.task);
  const data = objectIn(task.data);
  const reference = [data, objectIn(data.info)].flatMap((from) =>
    COMMON_NAMES.reference.flatMap((name) => from[name] ?? []),
  );
  const values = { reference: reference[0], id: idOf(task, data, trace, episode) };
  // A prompt with images and tools can only be displayed.
  const shown = promptOf(prompt) ? prompt : (textIn(data.prompt) ?? responseOf(prompt)?.text);
  return rows.problem({ prompt: shown, ...values });
}

/**
 * Tasks can have equal prompts, as in games, so a task is identified by the environment's key for it, otherwise by its
 * content.
 */
function idOf({ key, hash }: Named, { id }: Named, { agent }: Named, { env }: RowValues): string | null {
  const own = textIn(id);
  const place = textIn(objectIn(env).name) ?? textIn(objectIn(env).id);
  const task = own === null ? shortened(textIn(key) ?? textIn(hash)) : [place, own].filter(Boolean).join('/');
  const name = textIn(objectIn(agent).name) ?? SOLE_AGENT;
  return task === null || name === SOLE_AGENT ? task : `${task} ${name}`;
}

/** verifiers' name for the agent of an environment that has only one. */
const SOLE_AGENT = 'agent';

function shortened(key: string | null): string | null {
  return key !== null && /^[0-9a-f]{32,}$/.test(key) ? key.slice(0, 12) : key;
}

/** The sum as verifiers computes it; null if nothing was scored. */
function totalOf(rewards: Named): number | null {
  const known = Object.values(rewards).flatMap((reward) => {
    const { score, weight } = partOf(reward);
    return score === null ? [] : [score * weight];
  });
  return known.length > 0 ? known.reduce((a, b) => a + b, 0) : null;
}

/** A named reward: since 0.3 with its weight apart, before with it included. */
function partOf(one: unknown): { score: number | null; weight: number } {
  const { score, weight } = isObject(one) ? one : { score: one, weight: 1 };
  return { score: numberIn(score), weight: numberIn(weight) ?? 1 };
}

/** The advantage as prime-rl defines it: the mean over the tokens whose advantage is not 0. */
function advantageOf({ info }: Named, path: readonly Node[]): number | null {
  const noted = numberIn(objectIn(info).advantage);
  if (noted !== null) return noted;
  const all = path.flatMap(({ values }) => numbersIn(values.advantages) ?? []);
  const moving = all.filter((value) => value !== 0);
  if (moving.length === 0) return all.length > 0 ? 0 : null;
  return moving.reduce((a, b) => a + b, 0) / moving.length;
}

function factsOf(trace: Named, episode: RowValues, path: readonly Node[]): Record<string, ForeignValue> {
  const { env, group } = episode;
  const turns = path.filter(({ sampled }) => sampled).length;
  const errors = [trace.errors, episode.errors].flatMap((all) => (Array.isArray(all) ? all : [])).filter(isObject);
  const named: Record<string, ForeignValue> = {
    env: textIn(objectIn(env).name) ?? textIn(objectIn(env).id),
    group: textIn(objectIn(group).id),
    turns: turns > 1 ? turns : null,
    stop_condition: textIn(trace.stop_condition),
    error: errors.length > 0 ? String(errors.at(-1)!.type) : null,
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== null));
}

/** Limits at which verifiers ends an episode. */
const LIMITS = new Set(['max_turns', 'max_input_tokens', 'max_output_tokens', 'max_total_tokens', 'compaction_failed']);

function finishOf({ stop_condition: stopped, calls }: Named): Rollout['finish'] {
  if (typeof stopped === 'string' && LIMITS.has(stopped)) return 'length';
  const answered = (Array.isArray(calls) ? calls : []).filter((call) => isObject(call) && !call.error);
  const reason = objectIn(answered.at(-1)).finish_reason;
  if (reason === 'length') return 'length';
  return typeof reason === 'string' ? 'stop' : null;
}

/**
 * The tokens that the model sampled on the path, of all turns together, without each turn's template and the turns of
 * others.
 */
function tokensOf(trace: Named, path: readonly Node[]): Partial<ForeignRollout> {
  const turns = path.filter(({ sampled }) => sampled).map(({ values }) => values);
  const counts = turns.map((turn) => sampledCount(turn));
  if (counts.some((count) => count === 0)) return { tokens: completionTokens(trace) };
  const total = counts.reduce((a, b) => a + b, 0);
  const ids = new Int32Array(total);
  let next = 0;
  for (const { token_ids: all, mask } of turns as { token_ids: number[]; mask: unknown[] }[])
    for (let i = 0; i < all.length; i++) if (mask[i] === true) ids[next++] = all[i]!;
  const column = (name: string) => columnOf(turns, name, counts, total);
  const [logprob, entropy] = [column('logprobs'), column('entropies')];
  return { ids, statistics: { ...(logprob && { logprob }), ...(entropy && { entropy }) } };
}

/** One number per sampled token of all turns; null if a turn has a different number of them. */
function columnOf(
  turns: readonly Named[],
  name: string,
  counts: readonly number[],
  total: number,
): Float32Array | null {
  const column = new Float32Array(total);
  let next = 0;
  for (const [turn, count] of counts.entries()) {
    const values = numbersIn(turns[turn]![name]);
    if (values?.length !== count) return null;
    column.set(values, next);
    next += count;
  }
  return column;
}

/** 0 if the tokens of a turn were not kept. */
function sampledCount({ token_ids: ids, mask }: Named): number {
  if (!numbersIn(ids) || !Array.isArray(mask) || mask.length !== (ids as number[]).length) return 0;
  let count = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] === true) count++;
  return count;
}

/** The provider's count; null if there is none. */
function completionTokens({ calls }: Named): number | null {
  const counts = (Array.isArray(calls) ? calls : []).flatMap(
    (call) => numberIn(objectIn(objectIn(call).usage).completion_tokens) ?? [],
  );
  return counts.length > 0 ? counts.reduce((a, b) => a + b, 0) : null;
}

function errorIn(episode: RowValues, traces: readonly Named[]): string {
  const errors = [...traces, episode].flatMap(({ errors }) => (Array.isArray(errors) ? errors : [])).filter(isObject);
  const last = errors.at(-1);
  return last ? `: ${String(last.type)}: ${String(last.message).slice(0, 200)}` : '';
}

function numbersIn(value: unknown): number[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  for (let i = 0; i < value.length; i++) if (typeof value[i] !== 'number') return null;
  return value;
}
