/** A rollout as a text document: a header, then the response with the position of every token. Pure. */
import { EMBEDDED } from '../../engine/protocol/embedded.ts';
import { DASH, whole } from '../../engine/protocol/format.ts';
import type { Problem, Rollout } from '../../engine/protocol/index.ts';
import { valueText } from '../../engine/protocol/named-values.ts';
import { quantityText, withUnit } from '../../engine/protocol/quantities.ts';
import { referenceText } from '../../engine/protocol/reference.ts';
import { baseName, verdictText } from '../../engine/protocol/texts.ts';
import { visible, visibleLine } from '../../engine/protocol/visible.ts';

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
}

const RULE = '─'.repeat(24);

/**
 * Lines count from 0, as VS Code counts them. Text that a terminal or editor would act on is written out, and token
 * positions follow what is shown.
 */
export function layoutRollout(facts: DocumentFacts): RolloutLayout {
  const header = headerOf(facts);
  const { logprob, entropy } = facts.rollout.statistics;
  const shading = logprob || entropy ? ' (stronger shade: less certain)' : '';
  const lines = [...header, '', `${RULE} Response${shading}`, ''];
  const responseLine = lines.length;
  let text = '';
  let line = responseLine;
  let character = 0;
  const spans: TokenRange[] = [];
  const { tokenTexts } = facts.rollout;
  for (const tokenText of printable(tokenTexts ?? [facts.rollout.text])) {
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
  return { text: `${lines.join('\n')}\n${text}\n`, responseLine, spans: tokenTexts ? spans : [] };
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
    tokens: `${whole(rollout.tokens)}${rollout.finish === 'length' ? ', truncated at the length limit' : ''}`,
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
    ...(row === 'reward' ? named(rewards, '  ') : []),
  ]);
}

function headerOf(facts: DocumentFacts): string[] {
  const { problem } = facts;
  const place = problem.source === EMBEDDED ? 'embedded problems' : baseName(problem.source);
  const where = problem.line === null ? `row ${problem.row + 1}` : `line ${problem.line}`;
  const rows = rowsOf(facts);
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return [
    visibleLine(`Problem ${problem.id}, ${where} of ${place}`),
    '',
    ...withLines(problem.text).split('\n'),
    '',
    ...rows.flatMap(([name, value]) =>
      withLines(value)
        .split('\n')
        .map((part, i) => `${(i === 0 ? name : '').padEnd(width)}${part}`),
    ),
  ];
}

function rewardText({ rollout: { reward, advantage }, phase, imported }: DocumentFacts): string {
  if (reward === null) return phase === 'train' ? DASH : `${DASH} (not used for training)`;
  const untrained = imported ? 'advantage not recorded' : 'voted, not trained on';
  const trained = advantage === null ? untrained : `advantage ${quantityText('advantage', advantage)}`;
  return `${quantityText('reward', reward)}, ${trained}`;
}
