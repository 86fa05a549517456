/**
 * The check of what a journal has most of, group records and the updates of problems: by hand, in a twentieth of the time that
 * the schema takes. It says yes only where the schema would, and would leave the record as it is; for everything
 * else the schema decides. A test compares both.
 */
import { type FramePointer, type GroupMeans, MAX_COUNT, type Majority } from '../protocol/group.ts';
import { PHASES } from '../protocol/group-id.ts';
import type { GroupRecord, ProblemUpdate } from '../protocol/records.ts';

/** The keys of each object: an object with the same number of keys that lacks none of these has no others. */
const KEYS = {
  record: count<keyof GroupRecord>()([
    ...(['type', 'seq', 'time', 'phase', 'step', 'problem', 'clusters', 'majority'] as const),
    ...(['rollouts', 'unanswered', 'truncated', 'means', 'frame'] as const),
  ]),
  cluster: count<keyof GroupRecord['clusters'][number]>()(['answer', 'count', 'correct']),
  majority: count<keyof Majority>()(['answer', 'share', 'rawShare', 'correct', 'tied', 'logprob']),
  means: count<keyof GroupMeans>()(['reward', 'correct', 'tokens', 'logprob', 'entropy']),
  frame: count<keyof FramePointer>()(['file', 'offset', 'length']),
  update: count<keyof ProblemUpdate>()(['problem', 'kl', 'clipFraction']),
};

/** Whether parsed JSON is a group record without other keys. */
export function isGroupRecord(value: unknown): value is GroupRecord {
  if (!isObject<GroupRecord>(value, KEYS.record)) return false;
  return (
    value.type === 'group' &&
    isCount(value.seq) &&
    typeof value.time === 'string' &&
    PHASES.includes(value.phase as GroupRecord['phase']) &&
    isCount32(value.step) &&
    isCount32(value.problem) &&
    Array.isArray(value.clusters) &&
    value.clusters.every(isCluster) &&
    (value.majority === null || isMajority(value.majority)) &&
    isCount32(value.rollouts) &&
    isCount32(value.unanswered) &&
    (value.truncated === null || isCount32(value.truncated)) &&
    areMeans(value.means) &&
    (value.frame === null || isFrame(value.frame))
  );
}

/** Whether parsed JSON is a step record's entry about one of its problems, without other keys. */
export function isProblemUpdate(value: unknown): value is ProblemUpdate {
  if (!isObject<ProblemUpdate>(value, KEYS.update)) return false;
  return isCount(value.problem) && isNumber(value.kl) && isNumber(value.clipFraction);
}

/** Parsed JSON: any property can be anything, or missing. */
type Unchecked<T> = { [K in keyof T]?: unknown };

function isCluster(value: unknown): boolean {
  if (!isObject<GroupRecord['clusters'][number]>(value, KEYS.cluster)) return false;
  return typeof value.answer === 'string' && isCount32(value.count) && value.count >= 1 && isTruth(value.correct);
}

function isMajority(value: unknown): boolean {
  if (!isObject<Majority>(value, KEYS.majority)) return false;
  return (
    typeof value.answer === 'string' &&
    Number.isFinite(value.share) &&
    Number.isFinite(value.rawShare) &&
    isTruth(value.correct) &&
    typeof value.tied === 'boolean' &&
    isNumber(value.logprob)
  );
}

function areMeans(value: unknown): boolean {
  if (!isObject<GroupMeans>(value, KEYS.means)) return false;
  return (
    isNumber(value.reward) &&
    isNumber(value.correct) &&
    isNumber(value.tokens) &&
    isNumber(value.logprob) &&
    isNumber(value.entropy)
  );
}

function isFrame(value: unknown): boolean {
  if (!isObject<FramePointer>(value, KEYS.frame)) return false;
  return typeof value.file === 'string' && isCount(value.offset) && isCount(value.length) && value.length >= 1;
}

function isObject<T>(value: unknown, keys: number): value is Unchecked<T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  let found = 0;
  for (const _ in value) found++;
  return found === keys;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCount32(value: unknown): value is number {
  return isCount(value) && value <= MAX_COUNT;
}

function isNumber(value: unknown): boolean {
  return value === null || Number.isFinite(value);
}

function isTruth(value: unknown): boolean {
  return value === null || typeof value === 'boolean';
}

/** The number of keys. A list that lacks a key of the type does not compile. */
function count<Key extends string>() {
  return <const List extends readonly Key[]>(
    keys: List & ([Exclude<Key, List[number]>] extends [never] ? List : never),
  ) => keys.length;
}
