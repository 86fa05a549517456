/**
 * The tokens and statistics that a model can add to a stored group. Values recorded by the trainer are kept. Pure.
 */
import { withoutPadding } from '../../importers/padding.ts';
import type { Tokenizer } from '../../model/tokenizer.ts';
import {
  type GroupDetail,
  type Rollout,
  type ScoredBy,
  TOKEN_STATISTICS,
  type TokenColumns,
  type TokenStatistic,
} from '../../protocol/group.ts';
import { majorityOf, tokenFacts } from '../../protocol/group-facts.ts';
import type { Problem, Prompt } from '../../protocol/problem.ts';

/** Why a rollout is skipped. */
export const SKIP_REASONS = {
  'no-prompt': 'their prompt was not logged',
  'several-turns': 'they have several turns, which the model did not receive as one text',
  'other-tokens': "their tokens are not those of the model's tokenizer",
  'too-long': "prompt and response exceed the model's context length",
  empty: 'they are empty',
} as const;
export type SkipReason = keyof typeof SKIP_REASONS;

/** The tokens of a rollout to score, or why it is skipped; null: nothing is missing. */
export type TokensToScore = Int32Array | SkipReason | null;

/** The tokens of the prompt that the model received; null if it was not logged. */
export function promptTokens(
  prompt: Prompt | undefined,
  problem: Pick<Problem, 'text'>,
  tokenizer: Pick<Tokenizer, 'encode' | 'encodePrompt' | 'decode' | 'hasChatTemplate'>,
  date: Date,
): Int32Array | null {
  if (prompt?.tokens) return Int32Array.from(prompt.tokens);
  if (!prompt || prompt.text === '') return null;
  const { text, messages } = prompt;
  if (messages) {
    const user = messages.findLast(({ role }) => role === 'user');
    if (!user) return null;
    const system = messages[0]!.role === 'system' ? messages[0]!.content : undefined;
    const before = messages.slice(system === undefined ? 0 : 1, messages.lastIndexOf(user));
    return tokenizer.encodePrompt({ system, before, user: user.content }, date).tokens;
  }
  if (tokenizer.hasChatTemplate && problem.text !== text) {
    // Logs may lack the template's special tokens: if nothing else differs, the prompt came from the template.
    const { tokens } = tokenizer.encodePrompt({ user: problem.text }, date);
    if (tokenizer.decode(tokens) === text) return tokens;
  }
  const tokens = tokenizer.encode(text);
  // Drops the BOS token that the tokenizer added to a text that already contains it.
  return tokens.length > 1 && tokens[0] === tokens[1] && tokenizer.decode([tokens[0]!]) === ''
    ? tokens.subarray(1)
    : tokens;
}

/**
 * The tokens of each rollout with missing statistics.
 * @param positions the model's context length in tokens
 */
export function tokensToScore(
  { rollouts }: Pick<GroupDetail, 'rollouts'>,
  prompt: Int32Array | null,
  tokenizer: Pick<Tokenizer, 'encodeLiteral' | 'decode' | 'eosIds' | 'vocabularySize'>,
  positions: number,
): TokensToScore[] {
  return rollouts.map((rollout) => {
    if (missingStatistics(rollout).length === 0) return null;
    if (!prompt) return 'no-prompt';
    const tokens = tokensOf(rollout, tokenizer);
    if (typeof tokens === 'string') return tokens;
    return prompt.length + tokens.length > positions ? 'too-long' : tokens;
  });
}

/** The group with the statistics of the scored rollouts; `columns` in their order. */
export function withStatistics(
  group: GroupDetail,
  read: readonly TokensToScore[],
  columns: readonly TokenColumns[],
  tokenizer: Pick<Tokenizer, 'tokenTexts' | 'eosIds'>,
  by: ScoredBy,
): GroupDetail & { scoredBy: ScoredBy } {
  let next = 0;
  const rollouts = group.rollouts.map((rollout, i) => {
    const tokens = read[i];
    return tokens instanceof Int32Array ? fillStatistics(rollout, tokens, columns[next++]!, tokenizer) : rollout;
  });
  const { clusters } = group;
  return { ...group, rollouts, majority: majorityOf({ clusters, rollouts }), scoredBy: by };
}

/** A recorded mean without its column counts as recorded: the trainer's value is kept. */
function missingStatistics({ statistics, logprob, entropy }: Rollout): TokenStatistic[] {
  const means: Partial<Record<TokenStatistic, number | null>> = { logprob, entropy };
  return TOKEN_STATISTICS.filter((name) => !statistics[name] && (means[name] ?? null) === null);
}

/** A multi-turn response as importers format it. */
const TURNS = /^assistant: [\s\S]*\n\n(?:assistant|user|tool|system|function): /;

function tokensOf(
  { text, ids, tokens, statistics, finish }: Rollout,
  { encodeLiteral, decode, eosIds, vocabularySize }: Parameters<typeof tokensToScore>[2],
): Int32Array | SkipReason {
  if (ids) {
    const isOwn = ids.every((id) => id >= 0 && id < vocabularySize) && sameText(decode(ids), text);
    return ids.length === 0 ? 'empty' : isOwn ? ids : 'other-tokens';
  }
  if (TURNS.test(text)) return 'several-turns';
  const said = withoutPadding(text);
  const encoded = encodeLiteral(said);
  if (decode(encoded) !== said) return 'other-tokens';
  const column = TOKEN_STATISTICS.map((name) => statistics[name]).find((values) => values !== null);
  const count = column?.length ?? tokens;
  const end = eosIds[0];
  const ended = end === undefined ? encoded : Int32Array.of(...encoded, end);
  // The trainer's token count decides whether the end token is included.
  const found = count === null ? (finish === 'stop' ? ended : encoded) : count === ended.length ? ended : encoded;
  if (count !== null && found.length !== count) return 'other-tokens';
  return found.length === 0 ? 'empty' : found;
}

/** Compares without surrounding white space, which trainers strip. */
function sameText(decoded: string, logged: string): boolean {
  return decoded === logged || decoded.trim() === withoutPadding(logged).trim();
}

function fillStatistics(
  rollout: Rollout,
  tokens: Int32Array,
  columns: TokenColumns,
  { tokenTexts, eosIds }: Pick<Tokenizer, 'tokenTexts' | 'eosIds'>,
): Rollout {
  const missing = missingStatistics(rollout);
  const statistics = { ...rollout.statistics };
  for (const name of missing) statistics[name] = columns[name];
  const ids = rollout.ids ?? tokens;
  const facts = tokenFacts(ids, statistics);
  const shown = [...tokens].filter((id) => !eosIds.includes(id));
  const texts = shown.length === tokens.length || !eosIds.includes(tokens.at(-1)!) ? tokens : shown;
  const padded = [...tokenTexts(texts), ...new Array<string>(tokens.length - texts.length).fill('')];
  return {
    ...rollout,
    ids,
    statistics,
    tokenTexts: rollout.tokenTexts ?? padded,
    tokens: rollout.tokens ?? facts.tokens,
    logprob: rollout.logprob ?? facts.logprob,
    entropy: rollout.entropy ?? facts.entropy,
    repetition: rollout.repetition ?? facts.repetition,
    computed: [...(rollout.ids ? [] : (['ids'] as const)), ...missing],
  };
}
