/** What gathering evidence needs: programs on this machine, and room in the model's context. */
import { requireCustom, requireInterpreter, requireLean } from '../../external/index.ts';
import type { EvidenceKind, RunConfig } from '../../protocol/index.ts';
import { rewardOptionsOf } from '../../reward/index.ts';

/**
 * Looks whether the programs that these kinds run are there.
 * @throws RollscopeError `config` that says what is missing and how to get it
 */
export async function requirePrograms(kinds: readonly EvidenceKind[], config: RunConfig): Promise<void> {
  const rewardOptions = rewardOptionsOf(config);
  if (kinds.includes('program')) await requireInterpreter(rewardOptions.program.language);
  if (kinds.includes('lean')) await requireLean();
  if (kinds.includes('custom')) await requireCustom(rewardOptions.custom);
}

/** Longest response to a question about a response that these kinds ask; null where they ask none. */
export function questionTokens(kinds: readonly EvidenceKind[], config: RunConfig): number | null {
  const rewardOptions = rewardOptionsOf(config);
  const { coReward: rephrase, empo: compare, selfVerification: judge, dual: back } = rewardOptions;
  const tokens: Partial<Record<EvidenceKind, number>> = {
    'co-reward': rephrase.maxTokens,
    empo: compare.maxTokens,
    covo: 64,
    'self-verification': judge.maxTokens,
    dual: back.maxTokens,
  };
  const asked = kinds.flatMap((kind) => tokens[kind] ?? []);
  return asked.length === 0 ? null : Math.max(...asked);
}
