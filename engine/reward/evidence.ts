import { RollscopeError } from '../protocol/errors.ts';
import type { EvidenceKind } from '../protocol/evidence.ts';

/** What a reward needs was not stored with these rollouts: they were sampled for another reward. */
export function missingEvidence(kind: EvidenceKind): never {
  throw new RollscopeError(
    'config',
    `The reward ${kind} needs model calls or program results that were not recorded with these rollouts.`,
    `Choose a reward that reads the rollouts only, or sample again with --reward ${kind}.`,
    { details: { reason: 'evidence-not-recorded', reward: kind } },
  );
}
