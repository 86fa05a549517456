/** Evidence as typed by the rewards' own files, for tests that inspect what was stored. */
import type { Evidence } from '../../engine/protocol/index.ts';
import type { EvidenceSource } from '../../engine/reward/index.ts';
import type { RegisteredReward } from '../../engine/reward/registry.ts';

type EvidenceOf<R> = R extends { evidence?: EvidenceSource<infer E, infer _> } ? E : never;
/** By reward name, for the rewards that store evidence. */
export type KnownEvidence = { [R in RegisteredReward as R['name']]: EvidenceOf<R> };

/** The evidence stored for one reward. */
export function storedEvidence<Name extends keyof KnownEvidence>(evidence: Evidence, name: Name): KnownEvidence[Name] {
  return evidence[name] as KnownEvidence[Name];
}
