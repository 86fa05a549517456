/** A rollout as a text document: a header for the person, then the response with the place of every token. Pure. */

import { baseName, DASH, number, percent } from '../../engine/protocol/format.ts';
import type { Problem, Rollout } from '../../engine/protocol/index.ts';

export interface RolloutFacts {
  run: string;
  step: number;
  phase: string;
  problem: Problem;
  /** Index of the rollout and number of rollouts in its group. */
  index: number;
  of: number;
  /** The reward explained, in sentences; empty where that was not recorded. */
  why: string;
  rollout: Rollout;
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
  /** One per token, in order; an empty span where a token has no text of its own. [] where the tokens are not known. */
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
 * Token texts as an editor shows them: every line break as one `\n`, control characters as their pictures, so that the
 * places of tokens and the editor's lines agree and the text is not taken for a binary file.
 */
function printable(tokenTexts: readonly string[]): string[] {
  return tokenTexts.map((tokenText, i) => {
    // A carriage return whose line feed comes with the next token is that token's line break.
    const split = tokenText.endsWith('\r') && tokenTexts[i + 1]?.startsWith('\n');
    return (split ? tokenText.slice(0, -1) : tokenText).replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\t\n]/gu, picture);
  });
}

/** A control character as the picture that Unicode has for it. */
function picture(control: string): string {
  const point = control.charCodeAt(0);
  return point < 0x20 ? String.fromCharCode(0x2400 + point) : point === 0x7f ? '␡' : '�';
}

function headerOf({ run, step, phase, problem, index, of, why, rollout }: RolloutFacts): string[] {
  const verdict = rollout.correct === null ? '' : rollout.correct ? ' (correct)' : ' (wrong)';
  const place = problem.source === 'embedded' ? 'embedded problems' : baseName(problem.source);
  const where = problem.line === null ? `row ${problem.row + 1}` : `line ${problem.line}`;
  const rows: [string, string][] = [
    ['Answer', rollout.answer === null ? 'none was found' : `${rollout.answer}${verdict}`],
    ['Reference', problem.answer ?? DASH],
    ['Reward', rewardText(rollout)],
    ['Why', why || DASH],
    ['Tokens', `${rollout.tokens ?? DASH}${rollout.finish === 'length' ? ', cut at the length limit' : ''}`],
    ['Log-prob', `${number(rollout.logprob)} nats/token`],
    ['Probability', `${percent(rollout.logprob === null ? null : Math.exp(rollout.logprob))} a token (geometric mean)`],
    ['Entropy', `${number(rollout.entropy)} nats/token`],
    ['From', `run ${run}, step ${step} (${phase}), rollout ${index + 1} of ${of}`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return [
    `Problem ${problem.id}, ${where} of ${place}`,
    '',
    ...problem.text.replace(/\r\n?/g, '\n').split('\n'),
    '',
    ...rows.flatMap(([name, value]) =>
      value
        .replace(/\r\n?/g, '\n')
        .split('\n')
        .map((part, i) => `${(i === 0 ? name : '').padEnd(width)}${part}`),
    ),
  ];
}

function rewardText({ reward, advantage }: Rollout): string {
  if (reward === null) return `${DASH} (sampled for measuring, not for training)`;
  const trained = advantage === null ? 'voted, did not train' : `advantage ${number(advantage)}`;
  return `${number(reward, Number.isInteger(reward) ? 0 : 3)}, ${trained}`;
}
