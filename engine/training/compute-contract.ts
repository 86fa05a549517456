/** The messages between the engine and its compute worker. Two threads of one program, so nothing is checked. */
import { defineContract, unchecked } from '../messages/contract.ts';
import type { PolicyRollout } from '../protocol/index.ts';
import type { AskOptions, Responses, ScoreOptions } from '../reward/index.ts';
import type { PolicyInfo, PolicyOptions, SampleOptions, Tick, UpdateOptions } from './policy/contract.ts';
import type { UpdateMetrics } from './policy/trainer.ts';

/** Values of the word of shared memory that steers the worker between two calls of the device. */
export const CONTROL = { run: 0, pause: 1, cancel: 2 } as const;

export interface SampledGroup {
  problem: number;
  rollouts: PolicyRollout[];
}

type Nothing = Record<never, never>;
const nothing = unchecked<Nothing>();
const folder = unchecked<{ folder: string }>();

export const COMPUTE = defineContract({
  requests: {
    open: { params: unchecked<PolicyOptions>(), result: unchecked<PolicyInfo>() },
    /** Each group is sent as `groups` before the result. */
    sample: { params: unchecked<SampleOptions>(), result: nothing },
    update: { params: unchecked<UpdateOptions>(), result: unchecked<UpdateMetrics>() },
    /** Responses to questions other than the problems, in order. */
    ask: { params: unchecked<AskOptions>(), result: unchecked<Responses[]>() },
    /** Mean log-probability per token of candidate texts after parts of responses, nats. */
    scoreCandidates: { params: unchecked<ScoreOptions>(), result: unchecked<number[][]>() },
    /** Ends of the tokens of texts, in characters from the beginning. */
    boundaries: { params: unchecked<{ texts: string[] }>(), result: unchecked<number[][]>() },
    save: { params: folder, result: nothing },
    restore: { params: folder, result: nothing },
    exportWeights: { params: folder, result: nothing },
    deviceSeconds: { params: nothing, result: unchecked<number>() },
    release: { params: nothing, result: nothing },
  },
  notifications: {
    tick: unchecked<Tick>(),
    paused: nothing,
    continued: nothing,
    groups: unchecked<{ groups: SampledGroup[] }>(),
  },
});
export type ComputeContract = typeof COMPUTE;
