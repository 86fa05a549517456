/**
 * Records of the formats 1 and 2. Their group records hold a summary of each rollout, while the frame (`frame1.ts`) holds
 * texts and tokens: here the two become one. Format 1 lacks what came later (null), and is otherwise the same.
 */
import * as z from 'zod';
import {
  type Cluster,
  count32,
  FramePointer,
  type GroupDetail,
  type GroupSummary,
  NO_STATISTICS,
  PHASES,
} from '../../protocol/group.ts';
import { groupSummary, majorityOf, repeatedTrigrams } from '../../protocol/group-facts.ts';
import { readTolerantly, type Tolerant } from '../tolerant.ts';
import type { Frame1 } from './frame1.ts';

const nullable = z.number().nullable();

const Summary = z.strictObject({
  answer: z.string().nullable(),
  cluster: z.int().min(0).nullable(),
  correct: z.boolean().nullable(),
  reward: nullable,
  advantage: nullable,
  tokens: z.int().min(0),
  logprob: nullable,
  entropy: nullable,
  repetition: nullable.default(null),
  finish: z.enum(['stop', 'length']),
});

const Group2 = z.strictObject({
  type: z.literal('group'),
  seq: z.int().min(0),
  time: z.string(),
  step: count32,
  phase: z.enum(PHASES),
  problem: count32,
  clusters: z.array(
    z.strictObject({ answer: z.string(), members: z.array(z.int().min(0)).min(1), correct: z.boolean().nullable() }),
  ),
  majority: z
    .strictObject({ answer: z.string(), share: z.number(), rawShare: z.number(), correct: z.boolean().nullable() })
    .nullable(),
  rollouts: z.array(Summary),
  frame: FramePointer,
});
export type Group2 = z.infer<typeof Group2>;

/** Whether a line of `events.jsonl` is a group record of the formats 1 and 2. */
export function isGroup2(value: unknown): boolean {
  const record = value as { type?: unknown; rollouts?: unknown } | null;
  return record?.type === 'group' && Array.isArray(record.rollouts);
}

/** Checks a group record of the formats 1 and 2. */
export function readGroup2(value: unknown): Tolerant<Group2> {
  return readTolerantly(Group2, value);
}

/** The contents of the corresponding record of format 3. */
export function summaryOf2(record: Group2): GroupSummary {
  return groupSummary(detailOf2(record, null));
}

/** A group of the formats 1 and 2 in the form of today; without its frame, texts are empty and tokens unknown. */
export function detailOf2({ phase, step, problem, clusters, rollouts }: Group2, frame: Frame1 | null): GroupDetail {
  const own: Cluster[] = clusters;
  const unknown = { text: '', ids: null, tokenTexts: null, statistics: NO_STATISTICS };
  return {
    phase,
    step,
    problem,
    clusters: own,
    majority: majorityOf({ clusters: own, rollouts }),
    rollouts: rollouts.map((facts, i) => ({
      ...facts,
      // Format 1 did not record it.
      repetition: facts.repetition ?? repeatedTrigrams(frame?.rollouts[i]?.ids ?? []),
      rewards: {},
      // Explanations were not recorded.
      why: [],
      foreign: {},
      ...(frame?.rollouts[i] ?? unknown),
    })),
    evidence: frame?.evidence ?? {},
  };
}
