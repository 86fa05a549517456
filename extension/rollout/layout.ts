/** A rollout as a text document: a header, then the response with the position of every token. Pure. */
import { EMBEDDED } from '../../engine/protocol/embedded.ts';
import { DASH, integer } from '../../engine/protocol/format.ts';
import type { Problem, Rollout } from '../../engine/protocol/index.ts';
import { valueText } from '../../engine/protocol/named-values.ts';
import { quantityText, withUnit } from '../../engine/protocol/quantities.ts';
import { referenceText } from '../../engine/protocol/reference.ts';
import { baseName, verdictText } from '../../engine/protocol/texts.ts';
import { visible, visibleLine } from '../../engine/protocol/visible.ts';
import type { AnswerPlace } from '../../engine/reward/answer-place.ts';
import { type ForkPoint, forkText, type NoFork } from '../../engine/runs/fork-point.ts';
import { thoughts } from '../../engine/runs/response-parts.ts';

export interface DocumentFacts {
  run: string;
  step: number;
  phase: string;
  problem: Problem;
  /** Index of the rollout and number of rollouts in its group. */
  index: number;
  of: number;
  /** Another trainer made the run: without an advantage it is not known whether the rollout trained. */
  imported: boolean;
  /** Explanation of the reward; empty if none was recorded. */
  why: string;
  rollout: Rollout;
  /** The prompt as the model got it; null or absent where it was not recorded. */
  prompt?: string | null;
  /** Where the answer was found; null or absent where that is not known. */
  place?: AnswerPlace | null;
  /** Where it parts from a sibling that voted otherwise. */
  fork?: ForkPoint | NoFork;
}

/** Parts of a document, for the outline and for folding: zero-based lines, both of them part of it. */
export interface DocumentSection {
  kind: 'problem' | 'details' | 'prompt' | 'response' | 'thought';
  line: number;
  endLine: number;
}

/** Position of a token: zero-based lines and characters, end exclusive. */
export interface TokenRange {
  line: number;
  character: number;
  endLine: number;
  endCharacter: number;
}

export interface RolloutLayout {
  text: string;
  /** Line on which the response starts. */
  responseLine: number;
  /** One per token, in order; empty for a token without visible text. [] if the tokens are unknown. */
  spans: TokenRange[];
  /** In the order of their lines; thoughts are inside of the response. */
  sections: DocumentSection[];
  /** The extracted answer; null where its place is not known. */
  answer: TokenRange | null;
  /** Where it parts from its sibling: an empty range; null without. */
  fork: TokenRange | null;
}

const RULE = '─'.repeat(24);

/**
 * Lines count from 0, as VS Code counts them. Text that a terminal or editor would act on is written out, and token
 * positions follow what is shown.
 */
/** The document of a rollout: its text, and where everything in it is. */
export function layoutRollout(facts: DocumentFacts): RolloutLayout {
  const { rollout, place = null, fork, prompt = null } = facts;
  const header = headerOf(facts);
  const { logprob, entropy } = rollout.statistics;
  const shading = logprob || entropy ? ' (stronger shade: less certain)' : '';
  const promptLines =
    prompt === null ? [] : ['', `${RULE} Prompt as the model received it`, '', ...withLines(prompt).split('\n')];
  const lines = [...header.lines, ...promptLines, '', `${RULE} Response${shading}`, ''];
  const responseLine = lines.length;
  const placed = placeTokens(rollout, responseLine);
  const at = (offset: number) => positionOf(rollout.text.slice(0, offset), responseLine);
  const range = (start: number, end: number): TokenRange => {
    const [from, to] = [at(start), at(end)];
    return { ...from, endLine: to.line, endCharacter: to.character };
  };
  const last = responseLine + placed.text.split('\n').length - 1;
  const promptLine = header.lines.length + 1;
  return {
    text: `${lines.join('\n')}\n${placed.text}\n`,
    responseLine,
    spans: rollout.tokenTexts ? placed.spans : [],
    sections: [
      { kind: 'problem', line: 0, endLine: header.facts - 2 },
      { kind: 'details', line: header.facts, endLine: header.lines.length - 1 },
      ...(prompt === null
        ? []
        : [{ kind: 'prompt', line: promptLine, endLine: promptLine + promptLines.length - 2 } as const]),
      { kind: 'response', line: responseLine - 2, endLine: last },
      ...thoughts(rollout.text).map(({ start, end }) => {
        const { line, endLine } = range(start, end);
        return { kind: 'thought', line, endLine } as const;
      }),
    ],
    answer: place && range(place.start, place.end),
    fork: fork === undefined || typeof fork === 'string' ? null : range(fork.offset, fork.offset),
  };
}

/** Where a text ends that begins on a line. */
function positionOf(text: string, from: number): { line: number; character: number } {
  const lines = withLines(text).split('\n');
  return { line: from + lines.length - 1, character: lines.at(-1)!.length };
}

/** The response as it is shown, and the place of each token in it. */
function placeTokens({ tokenTexts, text: response }: Rollout, from: number): { text: string; spans: TokenRange[] } {
  let text = '';
  let line = from;
  let character = 0;
  const spans: TokenRange[] = [];
  for (const tokenText of printable(tokenTexts ?? [response])) {
    const start = { line, character };
    for (const c of tokenText) {
      if (c === '\n') {
        line++;
        character = 0;
      } else {
        character += c.length;
      }
    }
    text += tokenText;
    spans.push({ ...start, endLine: line, endCharacter: character });
  }
  return { text, spans };
}

/**
 * Token texts for display: every line break as one `\n`, and what is not visible escaped, so that token positions match
 * the editor's lines and the document is not treated as binary.
 */
function printable(tokenTexts: readonly string[]): string[] {
  return tokenTexts.map((tokenText, i) => {
    // A carriage return before a token that starts with a line feed is part of that line break.
    const split = tokenText.endsWith('\r') && tokenTexts[i + 1]?.startsWith('\n');
    return withLines(split ? tokenText.slice(0, -1) : tokenText);
  });
}

function withLines(text: string): string {
  return visible(text.replace(/\r\n?/g, '\n'));
}

const NAMES = {
  answer: 'Answer',
  reference: 'Reference',
  reward: 'Reward',
  why: 'Why',
  tokens: 'Tokens',
  logprob: 'Log-prob',
  probability: 'Probability',
  entropy: 'Entropy',
  run: 'Run',
} as const;
export type HeaderRow = keyof typeof NAMES;

/** The values of the header's rows. */
export function headerValues(facts: DocumentFacts): Record<HeaderRow, string> {
  const { run, step, phase, problem, index, of, why, rollout } = facts;
  const graded = rollout.correct === null ? '' : ` (${verdictText(rollout.correct)})`;
  const probability = quantityText('tokenProbability', rollout.logprob === null ? null : Math.exp(rollout.logprob));
  return {
    answer: rollout.answer === null ? 'none extracted' : `${rollout.answer}${graded}`,
    reference: referenceText(problem) ?? DASH,
    reward: rewardText(facts),
    why: why || DASH,
    tokens: `${integer(rollout.tokens)}${rollout.finish === 'length' ? ', truncated at the length limit' : ''}`,
    logprob: withUnit('logprob', rollout.logprob),
    probability: `${probability} per token (geometric mean)`,
    entropy: withUnit('entropy', rollout.entropy),
    run: `${run}, step ${step} (${phase}), rollout ${index + 1} of ${of}`,
  };
}

/** The rewards by name below the reward, and what another trainer recorded before the run. */
function rowsOf(facts: DocumentFacts): [name: string, value: string][] {
  const values = headerValues(facts);
  const { rewards, foreign } = facts.rollout;
  const named = (of: Rollout['foreign'], indent: string) =>
    Object.entries(of).map(([name, value]): [string, string] => [indent + visibleLine(name), valueText(value)]);
  return (Object.keys(NAMES) as HeaderRow[]).flatMap((row) => [
    ...(row === 'run' ? named(foreign, '') : []),
    [NAMES[row], values[row]] as [string, string],
    ...(row === 'answer' && facts.place ? [['  found by', facts.place.rule] as [string, string]] : []),
    ...(row === 'reward' ? named(rewards, '  ') : []),
    ...(row === 'run' && facts.fork !== undefined ? [['Fork point', forkText(facts.fork)] as [string, string]] : []),
  ]);
}

/** The lines of the header, and on which of them the rows begin. */
function headerOf(facts: DocumentFacts): { lines: string[]; facts: number } {
  const { problem } = facts;
  const place = problem.source === EMBEDDED ? 'embedded problems' : baseName(problem.source);
  const where = problem.line === null ? `row ${problem.row + 1}` : `line ${problem.line}`;
  const rows = rowsOf(facts);
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const top = [
    visibleLine(`Problem ${problem.id}, ${where} of ${place}`),
    '',
    ...withLines(problem.text).split('\n'),
    '',
  ];
  const lines = [
    ...top,
    ...rows.flatMap(([name, value]) =>
      withLines(value)
        .split('\n')
        .map((part, i) => `${(i === 0 ? name : '').padEnd(width)}${part}`),
    ),
  ];
  return { lines, facts: top.length };
}

function rewardText({ rollout: { reward, advantage }, phase, imported }: DocumentFacts): string {
  if (reward === null) return phase === 'train' ? DASH : `${DASH} (not used for training)`;
  const untrained = imported ? 'advantage not recorded' : 'voted, not trained on';
  const trained = advantage === null ? untrained : `advantage ${quantityText('advantage', advantage)}`;
  return `${quantityText('reward', reward)}, ${trained}`;
}

interface Place {
  line: number;
  character: number;
}

/** First and last token, from 1, that overlap a part of the text; null for none. */
export function tokensBetween(
  spans: readonly TokenRange[],
  { start, end }: { start: Place; end: Place },
): [first: number, last: number] | null {
  const isBefore = (a: Place, b: Place) => a.line < b.line || (a.line === b.line && a.character < b.character);
  const isIn = (span: TokenRange) =>
    isBefore(span, end) && isBefore(start, { line: span.endLine, character: span.endCharacter });
  const first = spans.findIndex(isIn);
  return first < 0 ? null : [first + 1, spans.findLastIndex(isIn) + 1];
}
