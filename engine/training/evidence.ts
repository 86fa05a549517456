/**
 * Gathers what some rewards need beyond a problem's rollouts, for all groups of a step at once: questions to the policy
 * (`asks.ts`), other policies, programs outside. What comes back is stored with the group; the reward itself is computed
 * from it, now and later, without any of these.
 */
import { cellText } from '../data/fields.ts';
import { render } from '../data/template.ts';
import {
  type CustomRollout,
  checkLean,
  checkPrograms,
  requireCustom,
  requireInterpreter,
  requireLean,
  runCustom,
  testsIn,
} from '../external/index.ts';
import { clusterAnswers, extractAnswer, locateAnswer } from '../grading/index.ts';
import type {
  Check,
  Evidence,
  EvidenceKind,
  Problem,
  RewardOptions,
  RunConfig,
  StoredRollout,
} from '../protocol/index.ts';
import { majorityOf } from '../reward/index.ts';
import { generator } from '../rollout/philox.ts';
import type { Question, Responses } from './asks.ts';
import type { Compute } from './compute.ts';
import type { Judged } from './judge.ts';

export interface EvidenceGroup {
  problem: Problem;
  group: Judged;
  rollouts: readonly StoredRollout[];
}

export interface EvidenceContext {
  config: RunConfig;
  step: number;
  compute: Pick<Compute, 'ask' | 'scoreCandidates' | 'boundaries'>;
  /** Ends programs that run; the model is cancelled on its own. */
  signal: AbortSignal;
}

type Gatherer<K extends EvidenceKind> = (
  groups: readonly EvidenceGroup[],
  context: EvidenceContext,
) => Promise<NonNullable<Evidence[K]>[]>;

/** Room for the samples of one rollout's question, and for the rollouts of one rephrasing or policy, in random numbers. */
const SAMPLES = 64;
const ROLLOUTS = 4096;
/** Clusters that are compared with each other by the model, at most: the number of questions grows with its square. */
const COMPARED = 12;
/** Characters of a judge's response that are kept. */
const KEPT = 2000;

const askSampling = { topP: 1, topK: 0, stop: [], stopAtAnswer: true };

/** What stands before a marked answer; `answer is` alone is no mark, since a judge also says it of what it judges. */
const VERDICT_MARK = /(?:\\(?:boxed|fbox)\s*\{|\\boxed\s*\$?|####(?:[^\S\n]|[*:]|the|final|answer|is)*)\s*$/i;

/** The content of the last `\boxed{}` or behind the last `####`, whichever is later; null without one. */
function lastMarked(text: string): string | null {
  const place = locateAnswer(text, 'strict');
  if (!place || !VERDICT_MARK.test(text.slice(Math.max(0, place.start - TAIL), place.start))) return null;
  return lastMarked(text.slice(place.end)) ?? text.slice(place.start, place.end);
}

/**
 * A judge's verdict: its last marked answer, or else its whole response, if that is one of the two texts and nothing
 * else; null otherwise.
 */
export function verdictOf(text: string, { accept, reject }: { accept: string; reject: string }): boolean | null {
  const said = (lastMarked(text) ?? text)
    .trim()
    .replace(/^\\text\s*\{([^{}]*)\}$/, '$1')
    .trim()
    .toLowerCase();
  if (said === accept.toLowerCase()) return true;
  return said === reject.toLowerCase() ? false : null;
}

function filled(template: string, values: Record<string, string>): string {
  return render(template, (name) => values[name] ?? `{{${name}}}`);
}

/** A rephrasing as the problem itself is put; `columns` has what the template asks for. */
function rephrased(template: string, prompt: string, columns: Problem['columns'] = {}): string {
  return render(template, (name) => (name === 'prompt' ? prompt : (cellText(columns[name]) ?? '')));
}

const coReward: Gatherer<'co-reward'> = async (groups, { config, step, compute }) => {
  const options = config.rewardOptions.coReward;
  const given = groups.map(({ problem }) => textsOf(problem.columns?.[options.column]).slice(0, options.count));
  const questions = groups.flatMap(({ problem }, g): (Question & { group: number })[] =>
    Array.from({ length: options.count - given[g]!.length }, (_, r) => ({
      group: g,
      prompt: question(config, filled(options.template, { problem: problem.prompt })),
      problem: problem.index,
      first: r,
    })),
  );
  const written = await compute.ask({
    questions: questions.map(({ group: _, ...q }) => q),
    rows: 1,
    sampling: { ...askSampling, stopAtAnswer: false, temperature: options.temperature, maxTokens: options.maxTokens },
    stream: 'rephrase',
    step,
    voter: null,
    activity: 'rephrasing',
  });
  written.forEach((responses, i) => {
    const text = responses?.[0]?.trim();
    if (text) given[questions[i]!.group]!.push(text);
  });
  const asked = groups.flatMap(({ problem }, g) =>
    given[g]!.map((prompt, r) => ({
      group: g,
      text: prompt,
      prompt: question(config, rephrased(config.dataset.template, prompt, problem.columns)),
      problem: problem.index,
      first: r * ROLLOUTS,
    })),
  );
  const answers = await compute.ask({
    questions: asked.map(({ group: _, text: __, ...q }) => q),
    rows: config.votes,
    sampling: config.sampling,
    stream: 'rephrasing',
    step,
    voter: null,
    activity: 'sampling rephrasings',
  });
  return groups.map((_, g) => ({
    rephrasings: asked.flatMap(({ group, text }, i) =>
      group === g ? [{ prompt: text, answers: answersOf(answers[i]!) }] : [],
    ),
  }));
};

const rlccf: Gatherer<'rlccf'> = async (groups, { config, step, compute }) => {
  const voters = config.rewardOptions.rlccf.policies;
  const answers: (string | null)[][][] = [groups.map(({ group }) => group.answers)];
  for (const [v, voter] of voters.entries()) {
    const responses = await compute.ask({
      questions: groups.map(({ problem }) => ({
        prompt: { problem: problem.index },
        problem: problem.index,
        first: v * ROLLOUTS,
      })),
      rows: config.votes,
      sampling: config.sampling,
      stream: 'voter',
      step,
      voter,
      activity: `sampling ${voter}`,
    });
    answers.push(responses.map(answersOf));
  }
  const weights = answers.map((of) => {
    const shares = of.map((a) => majorityOf({ answers: a, clusters: clusterAnswers(a) })?.share ?? 0);
    return shares.reduce((a, b) => a + b, 0) / Math.max(1, shares.length);
  });
  const names = ['the policy that trains', ...voters];
  return groups.map((_, g) => ({
    policies: names.map((name, v) => ({ name, weight: weights[v]!, answers: answers[v]![g]! })),
  }));
};

const empo: Gatherer<'empo'> = async (groups, { config, step, compute }) => {
  const options = config.rewardOptions.empo;
  const pairs = groups.flatMap(({ problem, group }, g) => {
    const clusters = group.clusters.slice(0, COMPARED);
    return clusters.flatMap((first, a) =>
      clusters.slice(a + 1).map((second, b) => ({
        group: g,
        pair: [a, a + 1 + b] as [number, number],
        question: {
          prompt: question(
            config,
            filled(options.template, { problem: problem.prompt, first: first.answer, second: second.answer }),
          ),
          problem: problem.index,
          first: a * COMPARED + b,
        },
      })),
    );
  });
  const responses = await compute.ask({
    questions: pairs.map((p) => p.question),
    rows: 1,
    sampling: { ...askSampling, temperature: 0, maxTokens: options.maxTokens },
    stream: 'equality',
    step,
    voter: null,
    activity: 'comparing answers',
  });
  return groups.map((_, g) => ({
    equal: pairs.flatMap(({ group, pair }, i) =>
      group === g && verdictOf(responses[i]?.[0] ?? '', options) === true ? [pair] : [],
    ),
  }));
};

const covo: Gatherer<'covo'> = async (groups, { config, compute }) => {
  const options = config.rewardOptions.covo;
  const items = groups.flatMap(({ problem, group, rollouts }, g) =>
    rollouts.flatMap((rollout, i) =>
      group.answers[i] === null
        ? []
        : prefixes(rollout, options).map((prefix) => ({
            group: g,
            rollout: i,
            item: { problem: problem.index, prefix, candidates: group.clusters.map(({ answer }) => answer) },
          })),
    ),
  );
  const scores = await compute.scoreCandidates({
    items: items.map(({ item }) => item),
    cue: options.cue,
    activity: 'scoring answers after each step',
  });
  const likeliest = groups.map(({ rollouts }) => rollouts.map((): number[] => []));
  items.forEach(({ group, rollout }, k) => {
    const of = scores[k]!;
    const best = Math.max(...of);
    // Behind a prefix that leaves no answer room in the context nothing is likeliest: it does not count.
    if (best > Number.NEGATIVE_INFINITY) likeliest[group]![rollout]!.push(of.indexOf(best));
  });
  return likeliest.map((of) => ({ likeliest: of }));
};

/** Marks before a final answer, which are no part of the reasoning; they are looked for in so many last characters. */
const MARKS = /\s*(?:(?:####|\\boxed\s*\{|(?:the\s+)?(?:final\s+)?answer\s+is(?:\s*:)?)[\s$({]*)+$/i;
const TAIL = 100;

/** The tokens of a response up to the end of each of its steps, at most `steps` of them, evenly spread. */
export function prefixes(
  { text, pieces, tokens }: Pick<StoredRollout, 'text' | 'pieces' | 'tokens'>,
  { separator, steps }: RewardOptions['covo'],
): Int32Array[] {
  const place = locateAnswer(text, 'strict');
  const before = text.slice(0, place?.start ?? text.length);
  const reasoning = before.slice(0, -TAIL) + before.slice(-TAIL).replace(MARKS, '');
  const ends: number[] = [];
  for (const match of reasoning.matchAll(new RegExp(separator, 'g'))) {
    const end = match.index + match[0].length;
    if (match[0].length > 0 && reasoning.slice(ends.at(-1) ?? 0, end).trim() !== '') ends.push(end);
  }
  if (reasoning.slice(ends.at(-1) ?? 0).trim() !== '' || ends.length === 0) ends.push(reasoning.length);
  const kept =
    ends.length <= steps
      ? ends
      : Array.from({ length: steps }, (_, k) => ends[Math.ceil(((k + 1) * ends.length) / steps) - 1]!);
  return kept.map((end) => {
    let count = 0;
    for (let at = 0; count < pieces.length; count++) {
      const next = at + pieces[count]!.length;
      // A token that ends in blanks behind the step belongs to it.
      if (next > end && (at >= end || text.slice(end, next).trim() !== '')) break;
      at = next;
    }
    return tokens.slice(0, count);
  });
}

const selfVerification: Gatherer<'self-verification'> = async (groups, { config, step, compute }) => {
  const options = config.rewardOptions.selfVerification;
  const responses = await compute.ask({
    questions: groups.flatMap(({ problem, rollouts }) =>
      rollouts.map((rollout, i) => ({
        prompt: question(config, filled(options.template, { problem: problem.prompt, solution: rollout.text })),
        problem: problem.index,
        first: i * SAMPLES,
      })),
    ),
    rows: options.samples,
    sampling: { ...askSampling, temperature: options.temperature, maxTokens: options.maxTokens },
    stream: 'judge',
    step,
    voter: null,
    activity: 'judging',
  });
  let at = 0;
  return groups.map(({ rollouts }) => ({
    verdicts: rollouts.map(() =>
      (responses[at++] ?? []).map((text) => ({ text: text.slice(-KEPT), verdict: verdictOf(text, options) })),
    ),
  }));
};

const nextToken: Gatherer<'next-token'> = async (groups, { config, compute }) => {
  const { column } = config.rewardOptions.nextToken;
  const texts = groups.map(({ problem }) => String(problem.columns?.[column] ?? ''));
  return (await compute.boundaries(texts)).map((boundaries) => ({ boundaries }));
};

const dual: Gatherer<'dual'> = async (groups, { config, step, compute }) => {
  const options = config.rewardOptions.dual;
  const tasks = groups.map(({ problem }) => dualTask(problem, config, step));
  const asked = groups.flatMap(({ problem, group }, g) => {
    const task = tasks[g];
    if (!task) return [];
    return group.clusters.map(({ answer, members }, c) => ({
      group: g,
      members,
      question: {
        prompt: question(
          config,
          filled(options.template, { problem: problem.prompt, masked: task.masked, mask: options.mask, answer }),
        ),
        problem: problem.index,
        first: c * SAMPLES,
      },
    }));
  });
  const responses = await compute.ask({
    questions: asked.map((a) => a.question),
    rows: options.samples,
    sampling: { ...askSampling, temperature: options.temperature, maxTokens: options.maxTokens },
    stream: 'dual',
    step,
    voter: null,
    activity: 'reconstructing',
  });
  const reconstructions = groups.map(({ rollouts }) => rollouts.map((): (string | null)[] => []));
  asked.forEach(({ group, members }, i) => {
    for (const member of members) reconstructions[group]![member] = answersOf(responses[i]!);
  });
  return groups.map((_, g) => ({
    hidden: tasks[g]?.hidden ?? '',
    question: tasks[g]?.masked ?? '',
    reconstructions: reconstructions[g]!,
  }));
};

/** With thousands in threes; the commas of a list such as `2,5,7` part its numbers. */
const NUMBER = /\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?/g;

/** Where a text first stands by itself, not within a longer word or number; null where it does not. */
function placeOf(text: string, piece: string): number | null {
  const literal = piece.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  const before = /^\d/.test(piece) ? '(?<!\\d|\\d\\.)' : /^\p{L}/u.test(piece) ? '(?<![\\p{L}\\d])' : '';
  const behind = /\d$/.test(piece) ? '(?!\\d|\\.\\d)' : /\p{L}$/u.test(piece) ? '(?![\\p{L}\\d])' : '';
  return new RegExp(before + literal + behind, 'u').exec(text)?.index ?? null;
}

/**
 * What is hidden in a problem, and the problem without it; null where the problem does not hold what the data says, or
 * holds no number where the data says nothing.
 */
export function dualTask(
  { prompt, columns, index }: Pick<Problem, 'prompt' | 'columns' | 'index'>,
  config: RunConfig,
  step: number,
): { hidden: string; masked: string } | null {
  const { column, mask } = config.rewardOptions.dual;
  const given = columns?.[column];
  if (typeof given === 'string' || typeof given === 'number') {
    const hidden = String(given);
    const at = placeOf(prompt, hidden);
    return at === null ? null : { hidden, masked: prompt.slice(0, at) + mask + prompt.slice(at + hidden.length) };
  }
  const numbers = [...prompt.matchAll(NUMBER)];
  if (numbers.length === 0) return null;
  const random = generator(config.seed, 'dual', step, index);
  const { 0: hidden, index: at } = numbers[Math.floor(random() * numbers.length)]!;
  return { hidden, masked: prompt.slice(0, at) + mask + prompt.slice(at + hidden.length) };
}

/** The system message of the data, where it is the user's own, goes with every question. */
function question(config: RunConfig, user: string): { system?: string; user: string } {
  const { system } = config.dataset;
  return system === undefined ? { user } : { system, user };
}

function answersOf(responses: Responses): (string | null)[] {
  return (responses ?? []).map((text) => extractAnswer(text, 'strict'));
}

function textsOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((item): item is string => typeof item === 'string' && item.trim() !== '');
}

const program: Gatherer<'program'> = async (groups, { config, signal }) => {
  const options = config.rewardOptions.program;
  const items = groups.flatMap(({ problem, rollouts }) => {
    const tests = testsIn(problem.columns?.[options.tests], options.tests, problem.prompt);
    return rollouts.map(({ text }) => ({ response: text, tests }));
  });
  return byGroup(groups, await checkPrograms(options, items, signal));
};

const lean: Gatherer<'lean'> = async (groups, { config, signal }) => {
  const options = config.rewardOptions.lean;
  const items = groups.flatMap(({ problem, rollouts }) => {
    const statement = problem.columns?.[options.column];
    return rollouts.map(({ text }) => ({
      response: text,
      ...(typeof statement === 'string' && { statement }),
    }));
  });
  return byGroup(groups, await checkLean(options, items, signal));
};

const custom: Gatherer<'custom'> = async (groups, { config, signal }) => {
  const options = config.rewardOptions.custom;
  const rows = groups.flatMap(({ problem, group, rollouts }, g) =>
    rollouts.map((rollout, index): CustomRollout => {
      const { answer, cluster, finish, tokens, logprob, entropy } = group.rollouts[index]!;
      const { id, prompt, columns = {} } = problem;
      return {
        problem: { id, prompt, columns, ...(options.labels && { answer: problem.answer }) },
        group: g,
        index,
        response: rollout.text,
        answer,
        cluster,
        finish,
        tokens,
        logprob,
        entropy,
      };
    }),
  );
  return byGroup(groups, await runCustom(options, rows, { signal }));
};

/** Checks of all rollouts in a row, dealt out to their groups. */
function byGroup(groups: readonly EvidenceGroup[], checks: readonly Check[]): { checks: Check[] }[] {
  let at = 0;
  return groups.map(({ rollouts }) => {
    const own = checks.slice(at, at + rollouts.length);
    at += rollouts.length;
    return { checks: own };
  });
}

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
  groups: readonly EvidenceGroup[],
  context: EvidenceContext,
): Promise<Evidence[]> {
  const found: Evidence[] = groups.map(() => ({}));
  for (const kind of kinds) {
    const gathered = await GATHERERS[kind](groups, context);
    for (const [g, evidence] of gathered.entries()) Object.assign(found[g]!, { [kind]: evidence });
  }
  return found;
}

/**
 * Looks whether the programs that these kinds run are there.
 * @throws RollscopeError `config` that says what is missing and how to get it
 */
export async function requirePrograms(kinds: readonly EvidenceKind[], { rewardOptions }: RunConfig): Promise<void> {
  if (kinds.includes('program')) await requireInterpreter(rewardOptions.program.language);
  if (kinds.includes('lean')) await requireLean();
  if (kinds.includes('custom')) await requireCustom(rewardOptions.custom);
}

/** Longest response to a question about a response that these kinds ask; null where they ask none. */
export function questionTokens(kinds: readonly EvidenceKind[], { rewardOptions }: RunConfig): number | null {
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
