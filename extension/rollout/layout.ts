/** A rollout as a text document: a header for the person, then the response with the place of every token. Pure. */

import { baseName, DASH, number, percent } from '../../engine/protocol/format.ts';
import type { Problem, RolloutSummary, StoredRollout } from '../../engine/protocol/index.ts';

export interface RolloutFacts {
  run: string;
  step: number;
  phase: string;
  problem: Problem;
  /** Index of the rollout and number of rollouts in its group. */
  index: number;
  of: number;
  summary: RolloutSummary;
  /** The reward explained, in sentences. */
  why: string;
  rollout: StoredRollout;
}

/** Where a token stands: zero-based lines and characters, end exclusive. */
export interface TokenSpan {
  line: number;
  character: number;
  endLine: number;
  endCharacter: number;
}

export interface RolloutLayout {
  text: string;
  /** Line on which the response starts. */
  responseLine: number;
  /** One a token, in order; an empty span where a token has no text of its own. */
  spans: TokenSpan[];
}

const RULE = '─'.repeat(24);

export function layoutRollout(facts: RolloutFacts): RolloutLayout {
  const header = headerOf(facts);
  const lines = [...header, '', `${RULE} Response, shaded where the model was unsure`, ''];
  const responseLine = lines.length;
  let text = '';
  let line = responseLine;
  let character = 0;
  const spans: TokenSpan[] = [];
  for (const piece of printable(facts.rollout.pieces)) {
    const start = { line, character };
    for (const c of piece) {
      if (c === '\n') {
        line++;
        character = 0;
      } else {
        character += c.length;
      }
    }
    text += piece;
    spans.push({ ...start, endLine: line, endCharacter: character });
  }
  return { text: `${lines.join('\n')}\n${text}\n`, responseLine, spans };
}

/**
 * Pieces as an editor shows them: every line break as one `\n`, control characters as their pictures, so that the
 * places of tokens and the editor's lines agree and the text is not taken for a binary file.
 */
function printable(pieces: readonly string[]): string[] {
  return pieces.map((piece, i) => {
    // A carriage return whose line feed comes with the next token is that token's line break.
    const split = piece.endsWith('\r') && pieces[i + 1]?.startsWith('\n');
    return (split ? piece.slice(0, -1) : piece).replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\t\n]/gu, picture);
  });
}

/** A control character as the picture that Unicode has for it. */
function picture(control: string): string {
  const point = control.charCodeAt(0);
  return point < 0x20 ? String.fromCharCode(0x2400 + point) : point === 0x7f ? '␡' : '�';
}

function headerOf({ run, step, phase, problem, index, of, summary, why, rollout }: RolloutFacts): string[] {
  const verdict = summary.correct === null ? '' : summary.correct ? ' (right)' : ' (wrong)';
  const place = problem.source === 'embedded' ? 'embedded problems' : baseName(problem.source);
  const where = problem.line === null ? `row ${problem.row + 1}` : `line ${problem.line}`;
  const rows: [string, string][] = [
    ['Answer', summary.answer === null ? 'none was found' : `${summary.answer}${verdict}`],
    ['Reference', problem.answer ?? DASH],
    ['Reward', reward(summary)],
    ['Why', why],
    ['Tokens', `${rollout.tokens.length}${rollout.finish === 'length' ? ', cut at the length limit' : ''}`],
    ['Log-prob', `${number(summary.logprob)} nats a token`],
    ['Probability', `${percent(summary.logprob === null ? null : Math.exp(summary.logprob))} a token (geometric mean)`],
    ['Entropy', `${number(summary.entropy)} nats a token`],
    ['From', `run ${run}, step ${step} (${phase}), rollout ${index + 1} of ${of}`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return [
    `Problem ${problem.id}, ${where} of ${place}`,
    '',
    ...problem.prompt.replace(/\r\n?/g, '\n').split('\n'),
    '',
    ...rows.flatMap(([name, value]) =>
      value
        .replace(/\r\n?/g, '\n')
        .split('\n')
        .map((part, i) => `${(i === 0 ? name : '').padEnd(width)}${part}`),
    ),
  ];
}

function reward(summary: RolloutSummary): string {
  if (summary.reward === null) return `${DASH} (sampled for measuring, not for training)`;
  const trained = summary.advantage === null ? 'voted, did not train' : `advantage ${number(summary.advantage)}`;
  return `${number(summary.reward, Number.isInteger(summary.reward) ? 0 : 3)}, ${trained}`;
}
