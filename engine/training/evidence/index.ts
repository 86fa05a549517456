/**
 * Gathers what some rewards need beyond a problem's rollouts, for all groups of a step at once: questions to the policy
 * (`../policy/asks.ts`), other policies, programs outside. What comes back is stored with the group; the reward itself is
 * computed from it, now and later, without any of these.
 */
import type { Evidence, EvidenceKind, RunConfig } from '../../protocol/index.ts';
import { rewardOptionsOf } from '../../reward/index.ts';
import type { Judged } from '../stages.ts';
import { coReward } from './co-reward.ts';
import { covo } from './covo.ts';
import { dual } from './dual.ts';
import { empo } from './empo.ts';
import type { EvidenceContext, Gatherer } from './gatherer.ts';
import { nextToken } from './next-token.ts';
import { custom, lean, program } from './programs.ts';
import { rlccf } from './rlccf.ts';
import { selfVerification } from './self-verification.ts';

const GATHERERS: { [K in EvidenceKind]: Gatherer<K> } = {
  'co-reward': coReward,
  rlccf,
  empo,
  covo,
  'self-verification': selfVerification,
  'next-token': nextToken,
  dual,
  program,
  lean,
  custom,
};

/** Evidence of each group, for the kinds that a reward asks for. Throws what the model or a program throws. */
export async function gatherEvidence(
  kinds: readonly EvidenceKind[],
  groups: readonly Judged[],
  context: EvidenceContext,
): Promise<Evidence[]> {
  const found: Evidence[] = groups.map(() => ({}));
  for (const kind of kinds) {
    const gathered = await GATHERERS[kind].gather(groups, context);
    for (const [g, evidence] of gathered.entries()) Object.assign(found[g]!, { [kind]: evidence });
  }
  return found;
}

/**
 * Looks whether the programs that these kinds run are there.
 * @throws RollscopeError `config` that says what is missing and how to get it
 */
export async function requirePrograms(kinds: readonly EvidenceKind[], config: RunConfig): Promise<void> {
  for (const kind of kinds) await GATHERERS[kind].require?.(rewardOptionsOf(config));
}

/** The most that these kinds need behind a problem and a response, tokens; null where they need nothing there. */
export function questionTokens(kinds: readonly EvidenceKind[], config: RunConfig): number | null {
  const tokens = kinds.flatMap((kind) => GATHERERS[kind].questionTokens?.(rewardOptionsOf(config)) ?? []);
  return tokens.length === 0 ? null : Math.max(...tokens);
}
