/** The column with a rule for each problem: where to find the answer in a response. */
import { compilePattern } from '../grading/pattern.ts';
import { answerRuleError, parseAnswerRule } from '../protocol/answer-rule.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { cellText } from '../protocol/values.ts';
import { columnValue, type RowValues } from './fields.ts';
import type { RowPlace } from './place.ts';

export const RULE_COLUMN = 'answer_rule';

/** The rule of a row, if any. Throws RollscopeError `dataset` for an invalid one. */
export function ruleOf(values: RowValues, where: RowPlace): { rule?: string } {
  const rule = cellText(columnValue(values, RULE_COLUMN));
  if (rule === null || rule.trim() === '') return {};
  const wrong = answerRuleError(rule) ?? patternError(rule);
  if (wrong) {
    throw new RollscopeError('dataset', `${where.text}: ${RULE_COLUMN}: ${wrong.message}.`, wrong.hint, {
      details: { reason: 'bad-answer-rule', ...where.facts, field: RULE_COLUMN, value: rule },
    });
  }
  return { rule };
}

function patternError(rule: string): { message: string; hint?: string } | null {
  const parsed = parseAnswerRule(rule);
  try {
    if (parsed?.kind === 'regex') compilePattern(parsed.pattern);
    return null;
  } catch (error) {
    return { message: `the pattern cannot be read: ${(error as Error).message}` };
  }
}
