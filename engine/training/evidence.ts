/**
 * Gathers what some rewards need beyond a problem's rollouts, for all groups of a step at once: what they ask of the policy,
 * of other policies, and of programs outside is in their own files (`engine/reward`). It is stored with the group; the
 * reward itself is computed from it, now and later, without any of these.
 */
import {
  checkLean,
  checkPrograms,
  requireCustom,
  requireInterpreter,
  requireLean,
  runCustom,
} from '../external/index.ts';
import { type Evidence, type RunConfig, unlabeled } from '../protocol/index.ts';
import { largest } from '../protocol/values.ts';
import { type AskedPolicy, type EvidenceGroup, evidenceFor, type Programs } from '../reward/index.ts';
import { generator } from '../rollout/philox.ts';

interface EvidenceResources {
  config: RunConfig;
  step: number;
  compute: AskedPolicy;
  /** Ends programs that run; the model is canceled on its own. */
  signal: AbortSignal;
}

/** Evidence of each group, for these rewards. Throws what the policy or a program throws. */
export async function gatherEvidence(
  rewards: readonly string[],
  groups: readonly EvidenceGroup[],
  { config, step, compute, signal }: EvidenceResources,
): Promise<Evidence[]> {
  const found: Record<string, unknown>[] = groups.map(() => ({}));
  for (const reward of rewards) {
    const { source, options, labels } = evidenceFor(reward, config);
    const shown = labels ? groups : groups.map(withoutLabels);
    const gathered = await source.gather(shown, {
      options,
      config,
      step,
      policy: compute,
      programs: programsOutside(signal),
      random: (stream, problem) => generator(config.seed, stream, step, problem),
    });
    for (const [g, evidence] of gathered.entries()) {
      const fault = source.shape.fault(evidence, reward);
      if (fault !== null) throw new Error(`what was gathered for a reward has another shape: ${fault}`);
      found[g]![reward] = evidence;
    }
  }
  return found;
}

/** Field by field: what is added to a group, or to what is known of a rollout, is not shown before somebody says so here. */
function withoutLabels({ problem, rollouts, answers, clusters, grader, facts }: EvidenceGroup): EvidenceGroup {
  return {
    problem: unlabeled(problem),
    rollouts,
    answers,
    clusters: clusters.map(({ answer, members }) => ({ answer, members, correct: null })),
    grader,
    facts: facts.map(({ answer, cluster, logprob, entropy, finish, tokens }) => {
      return { answer, cluster, logprob, entropy, finish, tokens };
    }),
  };
}

function programsOutside(signal?: AbortSignal): Programs {
  return {
    checkPrograms: (options, items) => checkPrograms(options, items, signal),
    checkLean: (options, items) => checkLean(options, items, signal),
    runCustom: (options, rollouts) => runCustom(options, rollouts, { ...(signal && { signal }) }),
    requireInterpreter,
    requireLean,
    requireCustom: (options) => requireCustom(options),
  };
}

/**
 * Looks whether the programs that these rewards run are there.
 * @throws RollscopeError `config` that says what is missing and how to get it
 */
export async function requirePrograms(rewards: readonly string[], config: RunConfig): Promise<void> {
  for (const reward of rewards) {
    const { source, options } = evidenceFor(reward, config);
    await source.require?.(options, programsOutside());
  }
}

/** The most that these rewards need after a problem and a response, tokens; null where they need nothing there. */
export function questionTokens(rewards: readonly string[], config: RunConfig): number | null {
  const tokens = rewards.flatMap((reward) => {
    const { source, options } = evidenceFor(reward, config);
    return source.questionTokens?.(options) ?? [];
  });
  return tokens.length === 0 ? null : largest(tokens);
}
