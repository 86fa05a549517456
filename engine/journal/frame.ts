/**
 * A frame: one group with its rollouts, as bytes; the one stored form of a rollout's facts. Little-endian, a multiple of
 * 4 bytes long:
 *
 *     0   magic "RSF2" ("RSF1": `formats/frame1.ts`)
 *     4   u32 length of the whole frame in bytes
 *     8   u32 CRC-32 of everything from byte 12 on
 *     12  u32 length of the header in bytes
 *     16  header: JSON (`FrameHeader`), filled up with spaces to a multiple of 4
 *     ..  columns of tokens in the order of `COLUMNS`, each for all rollouts that have it in a row: ids (i32), logprob,
 *         entropy, logsumexp, mean logit, top-1, top-2 (f32)
 *
 * What follows from something else is left out: a rollout's answer and correctness where they are its cluster's, means
 * where the tokens are there. Parts of explanations that several rollouts share are stored once.
 */
import * as z from 'zod';
import { cut, withTokensOf } from '../protocol/cut-tokens.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { Evidence } from '../protocol/evidence.ts';
import type { Part } from '../protocol/explanation.ts';
import {
  type Cluster,
  ForeignValue,
  type GroupDetail,
  GroupId,
  type Rollout,
  type RolloutStatistics,
  ScoredBy,
  TOKEN_STATISTICS,
} from '../protocol/group.ts';
import { majorityOf, tokenFacts } from '../protocol/group-facts.ts';
import { crc32 } from './crc.ts';
import { readTolerantly } from './tolerant.ts';

const MAGICS = { 826692434: 1, 843469650: 2 } as const;
const MAGIC = 0x32465352;
/** The byte at which the header of a frame begins. */
export const FRAME_HEADER = 16;
/** Bytes from which length and checksum of a frame can be read. */
export const FRAME_PREFIX = 12;

/** In the order of their bits in `known`. */
const COLUMNS = ['ids', ...TOKEN_STATISTICS] as const;
const ALL_COLUMNS = 2 ** COLUMNS.length - 1;

const number = z.number().nullable();
const StoredRollout = z.strictObject({
  text: z.string(),
  /** Absent: `stop`. */
  finish: z.enum(['stop', 'length']).nullable().optional(),
  cluster: z.int().min(0).optional(),
  /** Absent: the cluster's. */
  answer: z.string().nullable().optional(),
  correct: z.boolean().nullable().optional(),
  reward: z.number().optional(),
  advantage: z.number().optional(),
  rewards: z.record(z.string(), number).optional(),
  foreign: z.record(z.string(), ForeignValue).optional(),
  /** Indices into the group's `parts`. */
  why: z.array(z.int().min(0)).optional(),
  /** Number of tokens; absent if unknown. */
  tokens: z.int().min(0).optional(),
  /** Which columns are there, one bit each; absent: all. */
  known: z.int().min(0).max(ALL_COLUMNS).optional(),
  /** Which columns were computed by the model in `scoredBy`, one bit each; absent for none. */
  computed: z.int().min(0).max(ALL_COLUMNS).optional(),
  /**
   * Token texts: their lengths in UTF-16 units if they join to the text, otherwise the texts. The key is that of format
   * 1.
   */
  pieces: z.union([z.array(z.int().min(0)), z.array(z.string())]).optional(),
  /** Means, unless they follow from the columns. */
  logprob: z.number().optional(),
  entropy: z.number().optional(),
  repetition: z.number().optional(),
});
type StoredRollout = z.infer<typeof StoredRollout>;

const FrameHeader = z.strictObject({
  ...GroupId.shape,
  clusters: z.array(z.strictObject({ answer: z.string(), correct: z.boolean().nullable() })),
  rollouts: z.array(StoredRollout),
  /** Parts of explanations, each once. */
  parts: z.array(z.custom<Part>((part) => typeof (part as Part | null)?.text === 'string')).optional(),
  /** Absent if the reward needed nothing beyond the rollouts. */
  evidence: Evidence.optional(),
  /** Absent if all that is known about tokens was recorded when they were sampled. */
  scoredBy: ScoredBy.optional(),
});
type FrameHeader = z.infer<typeof FrameHeader>;

interface FramePrefix {
  version: 1 | 2;
  /** Bytes of the whole frame. */
  length: number;
  crc: number;
}

/** Form, length and checksum of a frame, or null when `prefix` is not the beginning of one. */
export function readFramePrefix(prefix: Uint8Array): FramePrefix | null {
  if (prefix.length < FRAME_PREFIX) return null;
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const version = MAGICS[view.getUint32(0, true) as keyof typeof MAGICS];
  return version ? { version, length: view.getUint32(4, true), crc: view.getUint32(8, true) } : null;
}

/** Whether `bytes` are one whole, undamaged frame. */
export function isWholeFrame(bytes: Uint8Array): boolean {
  const prefix = readFramePrefix(bytes);
  return prefix !== null && prefix.length === bytes.length && crc32(bytes.subarray(FRAME_PREFIX)) === prefix.crc;
}

/** Throws when a rollout's columns differ in length, or a number is not finite where JSON needs it: errors of the program. */
export function encodeFrame({ phase, step, problem, clusters, rollouts, evidence, scoredBy }: GroupDetail): Uint8Array {
  allFinite('evidence', evidence);
  const parts = new PartTable();
  const header: FrameHeader = {
    phase,
    step,
    problem,
    clusters: clusters.map(({ answer, correct }) => ({ answer, correct })),
    rollouts: rollouts.map((rollout, index) => storedRollout(rollout, index, clusters, parts)),
    ...(parts.all.length > 0 && { parts: parts.all }),
    ...(Object.keys(evidence).length > 0 && { evidence }),
    ...(scoredBy && { scoredBy }),
  };
  const json = Buffer.from(JSON.stringify(header));
  const jsonLength = Math.ceil(json.length / 4) * 4;
  let length = FRAME_HEADER + jsonLength;
  for (const column of COLUMNS) for (const rollout of rollouts) length += columnOf(rollout, column)?.byteLength ?? 0;
  const bytes = new Uint8Array(length);
  bytes.fill(0x20, FRAME_HEADER, FRAME_HEADER + jsonLength);
  bytes.set(json, FRAME_HEADER);
  const [ints, floats] = [new Int32Array(bytes.buffer), new Float32Array(bytes.buffer)];
  let word = (FRAME_HEADER + jsonLength) / 4;
  for (const column of COLUMNS) {
    const words = column === 'ids' ? ints : floats;
    for (const rollout of rollouts) {
      const values = columnOf(rollout, column);
      if (!values) continue;
      words.set(values, word);
      word += values.length;
    }
  }
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, bytes.length, true);
  view.setUint32(12, jsonLength, true);
  view.setUint32(8, crc32(bytes.subarray(FRAME_PREFIX)), true);
  return bytes;
}

/** Throws for a number that JSON would turn into null. */
function finite(name: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new Error(`a frame's ${name} is ${value}`);
}

/** The same for all numbers within a value. */
function allFinite<T>(name: string, value: T): T {
  if (typeof value === 'number') finite(name, value);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, part] of Object.entries(value)) allFinite(key, part);
  }
  return value;
}

/** Gives equal parts one number. */
class PartTable {
  readonly all: Part[] = [];
  /** Places of the parts with one text: there are few, and they are mostly equal. */
  readonly #places = new Map<string, number[]>();
  /** Rollouts may share the very same part. */
  readonly #known = new Map<Part, number>();

  placeOf(part: Part): number {
    let place = this.#known.get(part);
    if (place === undefined) {
      place = this.#placeOfEqual(part);
      this.#known.set(part, place);
    }
    return place;
  }

  #placeOfEqual(part: Part): number {
    const alike = this.#places.get(part.text) ?? [];
    const known = alike.find((place) => isSame(this.all[place], part));
    if (known !== undefined) return known;
    const place = this.all.push(allFinite('why', part)) - 1;
    this.#places.set(part.text, [...alike, place]);
    return place;
  }
}

/** Whether two values have the same JSON. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => isSame(left[key], right[key]));
}

function columnOf({ ids, statistics }: Rollout, column: (typeof COLUMNS)[number]): Int32Array | Float32Array | null {
  return column === 'ids' ? ids : statistics[column];
}

/** Step by step instead of one literal: this runs for every rollout of a run. */
function storedRollout(rollout: Rollout, index: number, clusters: readonly Cluster[], parts: PartTable): StoredRollout {
  const { text, finish, cluster, answer, correct, reward, advantage, rewards, foreign, why, tokens, tokenTexts } =
    rollout;
  const { logprob, entropy, repetition, statistics, ids } = rollout;
  const own = cluster === null ? null : clusters[cluster]!;
  const stored: StoredRollout = { text };
  if (finish !== 'stop') stored.finish = finish;
  if (cluster !== null) stored.cluster = cluster;
  if (answer !== (own?.answer ?? null)) stored.answer = answer;
  if (correct !== (own?.correct ?? null)) stored.correct = correct;
  if (reward !== null) stored.reward = finite('reward', reward);
  if (advantage !== null) stored.advantage = finite('advantage', advantage);
  if (Object.keys(rewards).length > 0) stored.rewards = allFinite('rewards', rewards);
  if (Object.keys(foreign).length > 0) stored.foreign = allFinite('foreign', foreign);
  if (why.length > 0) stored.why = why.map((part) => parts.placeOf(part));
  if (tokens !== null) stored.tokens = tokens;
  const known = knownColumns(rollout, index);
  if (known !== ALL_COLUMNS) stored.known = known;
  const computed = COLUMNS.reduce((bits, name, bit) => bits | (rollout.computed?.includes(name) ? 1 << bit : 0), 0);
  if (computed !== 0) stored.computed = computed;
  if (tokenTexts) stored.pieces = tokenTexts.join('') === text ? tokenTexts.map(({ length }) => length) : tokenTexts;
  // Means follow from the columns, if those exist.
  if (logprob !== null && !statistics.logprob) stored.logprob = finite('logprob', logprob);
  if (entropy !== null && !statistics.entropy) stored.entropy = finite('entropy', entropy);
  if (repetition !== null && !ids) stored.repetition = finite('repetition', repetition);
  return stored;
}

function knownColumns(rollout: Rollout, index: number): number {
  const { tokens, tokenTexts } = rollout;
  let known = 0;
  for (let bit = 0; bit < COLUMNS.length; bit++) {
    const values = columnOf(rollout, COLUMNS[bit]!);
    if (!values) continue;
    known |= 1 << bit;
    if (values.length !== tokens) {
      throw new Error(`rollout ${index}: ${tokens} tokens, but ${values.length} values of ${COLUMNS[bit]}`);
    }
  }
  if (tokenTexts && tokenTexts.length !== tokens) {
    throw new Error(`rollout ${index}: ${tokens} tokens, but ${tokenTexts.length} token texts`);
  }
  return known;
}

/**
 * Reads a frame of the form RSF2; throws `run-broken`, naming `where`, when it is damaged.
 * @param lean the columns of tokens are views of `bytes`, and token texts are cut when they are asked for: half the memory
 *   for a group that is looked at. What is sent to another thread has to be copied then: a view takes all bytes along.
 */
export function decodeFrame(bytes: Uint8Array, where: string, hint?: string, lean = false): GroupDetail {
  if (!isWholeFrame(bytes)) throw damaged(where, 'checksum does not match', hint);
  const jsonLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true);
  const json = Buffer.from(bytes.buffer, bytes.byteOffset + FRAME_HEADER, jsonLength).toString();
  const parsed = readTolerantly(FrameHeader, JSON.parse(json));
  if (!parsed.success) throw damaged(where, parsed.error, hint);
  const { clusters, rollouts, parts = [], evidence = {}, scoredBy, ...id } = parsed.data;
  const columns = readColumns(bytes, FRAME_HEADER + jsonLength, rollouts, lean);
  const members = clusters.map((): number[] => []);
  rollouts.forEach(({ cluster }, i) => {
    if (cluster !== undefined) members[cluster]?.push(i);
  });
  const detail = {
    ...id,
    clusters: clusters.map(({ answer, correct }, c) => ({ answer, members: members[c]!, correct })),
    rollouts: rollouts.map((rollout, i) => rolloutOf(rollout, columns[i]!, { clusters, parts, lean })),
    evidence,
    ...(scoredBy && { scoredBy }),
  };
  return { ...detail, majority: majorityOf(detail) };
}

function damaged(where: string, what: string, hint: string | undefined): RollscopeError {
  return new RollscopeError('run-broken', `${where}: the stored rollouts are damaged (${what}).`, hint, {
    details: { reason: 'damaged-rollouts', place: where },
  });
}

type Columns = { ids: Int32Array | null } & RolloutStatistics;

/** A copy for each rollout and column, small, aligned, and free of its neighbors when it is sent on; or a view of `bytes`. */
function readColumns(bytes: Uint8Array, from: number, rollouts: readonly StoredRollout[], lean: boolean): Columns[] {
  const isView = lean && bytes.byteOffset % 4 === 0;
  const found = rollouts.map(() => ({}) as Columns);
  let offset = bytes.byteOffset + from;
  COLUMNS.forEach((column, bit) => {
    rollouts.forEach(({ tokens = 0, known = ALL_COLUMNS }, i) => {
      const there = (known & (1 << bit)) !== 0;
      const length = there ? tokens : 0;
      const buffer = isView ? bytes.buffer : bytes.buffer.slice(offset, offset + length * 4);
      const at = isView ? offset : 0;
      offset += length * 4;
      if (column === 'ids') found[i]!.ids = there ? new Int32Array(buffer as ArrayBuffer, at, length) : null;
      else found[i]![column] = there ? new Float32Array(buffer as ArrayBuffer, at, length) : null;
    });
  });
  return found;
}

function rolloutOf(
  stored: StoredRollout,
  { ids, ...statistics }: Columns,
  { clusters, parts, lean }: { clusters: FrameHeader['clusters']; parts: readonly Part[]; lean: boolean },
): Rollout {
  const { text, cluster, pieces } = stored;
  const own = cluster === undefined ? null : (clusters[cluster] ?? null);
  const derived = tokenFacts(ids, statistics);
  const rollout: Rollout = {
    text,
    answer: stored.answer === undefined ? (own?.answer ?? null) : stored.answer,
    cluster: cluster ?? null,
    correct: stored.correct === undefined ? (own?.correct ?? null) : stored.correct,
    reward: stored.reward ?? null,
    rewards: stored.rewards ?? {},
    advantage: stored.advantage ?? null,
    why: (stored.why ?? []).flatMap((place) => parts[place] ?? []),
    foreign: stored.foreign ?? {},
    tokens: stored.tokens ?? null,
    logprob: stored.logprob ?? derived.logprob,
    entropy: stored.entropy ?? derived.entropy,
    repetition: stored.repetition ?? derived.repetition,
    finish: stored.finish === undefined ? 'stop' : stored.finish,
    ids,
    tokenTexts: pieces === undefined || (lean && areLengths(pieces)) ? null : splitTokenTexts(text, pieces),
    statistics,
    ...(stored.computed && { computed: COLUMNS.filter((_, bit) => stored.computed! & (1 << bit)) }),
  };
  return lean && pieces && areLengths(pieces) ? withTokensOf(rollout, pieces) : rollout;
}

/** Token texts, cut by their lengths if they join to the response. */
export function splitTokenTexts(text: string, pieces: number[] | string[]): string[] {
  return areLengths(pieces) ? cut(text, pieces) : pieces;
}

function areLengths(pieces: number[] | string[]): pieces is number[] {
  return typeof pieces[0] !== 'string';
}
