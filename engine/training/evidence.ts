/**
 * Gathers what some rewards need beyond a problem's rollouts, for all groups of a step at once. What they need from the
 * policy, from other policies and from external programs is in their own files (`engine/reward`). It is stored with the
 * group; the reward is computed from it, now and later, without any of these.
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
  /** Ends running programs; the model is canceled separately. */
  signal: AbortSignal;
}

/** Evidence of each group for these rewards. Throws the errors of the policy and of programs. */
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

/** Field by field: a new field of a group or a rollout stays hidden until somebody decides here. */
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
 * Checks that the programs that these rewards run exist.
 * @throws RollscopeError `config` with what is missing and how to get it
 */
export async function requirePrograms(rewards: readonly string[], config: RunConfig): Promise<void> {
  for (const reward of rewards) {
    const { source, options } = evidenceFor(reward, config);
    await source.require?.(options, programsOutside());
  }
}

/** The most tokens that these rewards need after a problem and a response; null if they need none. */
export function questionTokens(rewards: readonly string[], config: RunConfig): number | null {
  const tokens = rewards.flatMap((reward) => {
    const { source, options } = evidenceFor(reward, config);
    return source.questionTokens?.(options) ?? [];
  });
  return tokens.length === 0 ? null : largest(tokens);
}
