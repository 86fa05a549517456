/**
 * Trajectory consistency and volatility.
 *
 * A response is cut into at most K steps; after each prefix of them every distinct answer of the group is scored by the
 * model ("The answer is: y"), and the likeliest is kept. With K prefixes, a_k = 1 where the own answer is the likeliest:
 * consistency = (1/K) sum_k a_k; volatility = 1 - (number of last prefixes in a row with a_k = 1) / K. No answer gives the
 * least there is, -w, so that answering badly is never worse than not answering. Where the group has one distinct answer
 * it is likeliest everywhere, and all that have an answer get 1. A prefix after which no candidate fits the context is
 * left out; where none remains the reward is -w.
 */
import type { Grader } from '../grading/index.ts';
import { withStepLimit } from '../grading/meter.ts';
import { BadPattern, compilePattern } from '../grading/pattern.ts';
import { isSpace } from '../grading/span.ts';
import { plural, shortNumber } from '../protocol/format.ts';
import type { PolicyRollout } from '../protocol/records.ts';
import { integer, number, section, text, type ValuesOf } from '../protocol/settings/kit.ts';
import type { EvidenceContext, EvidenceGroup } from './evidence.ts';
import { MARK_SEARCH_LENGTH } from './judgment.ts';
import { countShape, listOf, record, type ShapeValue } from './shape.ts';
import { type Group, labelFree, type Part, type Scores } from './types.ts';

function isPattern(pattern: string): boolean {
  try {
    compilePattern(pattern);
    return true;
  } catch (error) {
    if (error instanceof BadPattern) return false;
    throw error;
  }
}

const OPTIONS = section('Steps of a solution', {
  steps: integer({
    title: 'Maximum number of steps',
    help: 'maximum number of steps that a response is split into',
    example: '10',
    placeholder: 'n',
    flag: '--covo-steps',
    min: 1,
    max: 100,
    default: 15,
  }),
  separator: text({
    title: 'Step separator',
    help: 'where a step ends, as a regular expression',
    placeholder: 'regex',
    flag: '--covo-separator',
    check: (pattern: string) =>
      isPattern(pattern)
        ? null
        : { message: 'must be a regular expression without back-references or long look-around' },
    default: '\\n+',
  }),
  cue: text({
    title: 'Answer cue',
    help: 'text between a prefix and a candidate answer',
    placeholder: 'text',
    flag: '--covo-cue',
    empty: true,
    default: '\n\nThe answer is: ',
  }),
  volatility: number({
    title: 'Volatility weight',
    help: 'weight of volatility: reward = consistency - weight * volatility',
    example: '0.5',
    placeholder: 'w',
    flag: '--covo-volatility',
    min: 0,
    max: 1,
    default: 1,
  }),
});
type Options = ValuesOf<typeof OPTIONS.fields>;

/** For each rollout and each of its prefixes that leave room, the cluster whose answer is likeliest; [] for none. */
const EVIDENCE = record({ likeliest: listOf(listOf(countShape)) });
type Likeliest = ShapeValue<typeof EVIDENCE>;

/** Tokens for the cue and an answer; after a prefix that leaves fewer, answers that do not fit are not compared. */
const CANDIDATE_TOKENS = 64;

/** The answer that is likeliest after each step of a response. */
async function gather(
  groups: readonly EvidenceGroup[],
  { options, policy }: EvidenceContext<Options>,
): Promise<Likeliest[]> {
  const items = groups.flatMap(({ problem, rollouts, answers, clusters, grader }, g) =>
    rollouts.flatMap((rollout, i) =>
      answers[i] === null
        ? []
        : prefixes(rollout, options, grader).map((prefix) => ({
            group: g,
            rollout: i,
            item: { problem: problem.index, prefix, candidates: clusters.map(({ answer }) => answer) },
          })),
    ),
  );
  const scores = await policy.scoreCandidates({
    items: items.map(({ item }) => item),
    cue: options.cue,
    activity: 'scoring-answers',
  });
  const likeliest = groups.map(({ rollouts }) => rollouts.map((): number[] => []));
  items.forEach(({ group, rollout }, k) => {
    const of = scores[k]!;
    const best = Math.max(...of);
    // After a prefix that leaves no answer room in the context, no answer is the likeliest, and the prefix does not
    // count.
    if (best > Number.NEGATIVE_INFINITY) likeliest[group]![rollout]!.push(of.indexOf(best));
  });
  return likeliest.map((of) => ({ likeliest: of }));
}

/** Marks before a final answer, which are not part of the reasoning. */
const MARKS = /\s*(?:(?:####|\\boxed\s*\{|(?:the\s+)?(?:final\s+)?answer\s+is(?:\s*:)?)[\s$({]*)+$/i;

/** Steps that a separator may take on one response; one that takes more separates nothing. */
const SEPARATOR_STEPS = 300_000;

/** The tokens of a response up to the end of each of its steps, at most `steps` of them, evenly spread. */
export function prefixes(
  { text, tokenTexts, tokens }: Pick<PolicyRollout, 'text' | 'tokenTexts' | 'tokens'>,
  { separator, steps }: Pick<Options, 'separator' | 'steps'>,
  grader: Grader,
): Int32Array[] {
  const place = grader.locate(text);
  const before = text.slice(0, place?.start ?? text.length);
  const reasoning = before.slice(0, -MARK_SEARCH_LENGTH) + before.slice(-MARK_SEARCH_LENGTH).replace(MARKS, '');
  const ends: number[] = [];
  const separators = withStepLimit(
    SEPARATOR_STEPS,
    () => [...compilePattern(separator).matches(reasoning)],
    () => [],
  );
  for (const { start, end } of separators) {
    if (end > start && hasContent(reasoning, ends.at(-1) ?? 0, end)) ends.push(end);
  }
  if (hasContent(reasoning, ends.at(-1) ?? 0, reasoning.length) || ends.length === 0) ends.push(reasoning.length);
  const kept =
    ends.length <= steps
      ? ends
      : Array.from({ length: steps }, (_, k) => ends[Math.ceil(((k + 1) * ends.length) / steps) - 1]!);
  let count = 0;
  let at = 0;
  return kept.map((end) => {
    for (; count < tokenTexts.length; count++) {
      const next = at + tokenTexts[count]!.length;
      // A token that ends in blanks after the step belongs to it.
      if (next > end && (at >= end || hasContent(text, end, next))) break;
      at = next;
    }
    return tokens.slice(0, count);
  });
}

/** Whether a part of a text is more than space. */
function hasContent(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!isSpace(text.charCodeAt(i))) return true;
  return false;
}

function compute({ answers, clusters }: Group, { volatility: weight }: Options, evidence: () => Likeliest): Scores {
  const { likeliest } = evidence();
  const own = answers.map((_, i) => clusters.findIndex(({ members }) => members.includes(i)));
  const trajectories = likeliest.map((at, i) => {
    const steps = at.length;
    if (own[i]! < 0 || steps === 0) return null;
    const agrees = at.map((cluster) => cluster === own[i]);
    const count = agrees.filter(Boolean).length;
    const unsettled = agrees.lastIndexOf(false) + 1;
    return { steps, count, unsettled, reward: (count - weight * unsettled) / steps };
  });
  const rewards = trajectories.map((t) => (t === null ? -weight : t.reward));
  return {
    rewards,
    explain: (index) => {
      const reward = rewards[index]!;
      const result: Part = { kind: 'result', reward, text: `reward ${shortNumber(reward)}` };
      const t = trajectories[index];
      if (!t) {
        const why = own[index]! < 0 ? 'no answer extracted' : 'no step leaves room for an answer in the context';
        return [{ kind: 'no-answer', text: `${why}: lowest reward` }, result];
      }
      return [
        {
          kind: 'number',
          name: 'consistency',
          value: t.count / t.steps,
          text: `its answer is the most likely one after ${t.count} of ${plural(t.steps, 'step')}: consistency ${shortNumber(t.count / t.steps)}`,
        },
        {
          kind: 'number',
          name: 'volatility',
          value: t.unsettled / t.steps,
          text: `and stays so over the last ${t.steps - t.unsettled}: volatility ${shortNumber(t.unsettled / t.steps)}`,
        },
        result,
      ];
    },
  };
}

export const covo = labelFree({
  name: 'covo',
  title: 'Trajectory consistency and volatility',
  summary:
    'How consistently the steps of a solution lead to its own answer and no other. Asks the model for the likelihood of each answer after each step.',
  scale: 'degree',
  family: 'ensemble',
  formula:
    "share of a response's prefixes after which its own answer is the most likely one, minus w times (1 - share of the final run of such prefixes); no answer gives -w",
  tokens: 'those of the candidate answers, scored after each prefix',
  temperature: 'sampling temperature',
  shift: 'already applied: log-probability t belongs to token t',
  normalization: 'candidates by their mean log-probability per token; the reward by the number of prefixes',
  /** With a smaller w the least is -w. */
  range: [-1, 1],
  source: 'CoVo, arXiv 2506.08745',
  setup: 'The step separator, the maximum number of steps and the answer cue can be set.',
  options: OPTIONS,
  evidence: { shape: EVIDENCE, gather, questionTokens: () => CANDIDATE_TOKENS },
  compute,
});
