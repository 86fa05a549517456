/**
 * Countdown verifier: the expression, LaTeX or plain, is read by a parser of its own and computed in exact rationals;
 * nothing is evaluated as code, so `**` and `//` are refused. Each number is used as often as it is given. `... = target`
 * may follow the expression.
 */
import { RollscopeError } from '../protocol/errors.ts';
import { shortNumber } from '../protocol/format.ts';
import { number, section, text, type ValuesOf } from '../protocol/settings/kit.ts';
import { judgeCountdown } from './countdown-expression.ts';
import { type Group, labelFree, type Part, type Scores } from './types.ts';

const OPTIONS = section('Countdown', {
  numbers: text({
    title: 'Numbers column',
    help: 'column with the given numbers',
    placeholder: 'name',
    flag: '--numbers-field',
    default: 'numbers',
  }),
  target: text({
    title: 'Target column',
    help: 'column with the target',
    placeholder: 'name',
    flag: '--target-field',
    default: 'target',
  }),
  formatScore: number({
    title: 'Format score',
    help: 'reward for a well-formed expression that misses the target',
    example: '0.1',
    placeholder: 'x',
    flag: '--format-score',
    min: 0,
    max: 1,
    default: 0,
  }),
});
type Options = ValuesOf<typeof OPTIONS.fields>;

function wholeNumber(value: unknown): bigint | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return typeof value === 'string' && /^\s*-?\d+\s*$/.test(value) ? BigInt(value.trim()) : null;
}

/** The given numbers: a list, or a text such as `3, 5, 7`. */
function wholeNumbers(value: unknown): bigint[] | null {
  const list = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(/[\s,;[\]]+/).filter(Boolean)
      : null;
  const numbers = list?.map(wholeNumber);
  return numbers && numbers.length > 0 && !numbers.includes(null) ? (numbers as bigint[]) : null;
}

/**
 * Given numbers and target of a row.
 * @throws RollscopeError `dataset` where a column does not hold them
 */
export function countdownRow(
  columns: object,
  options: Pick<Options, 'numbers' | 'target'>,
  problem = '',
): { numbers: bigint[]; target: bigint } {
  const row = columns as Record<string, unknown>;
  const numbers = wholeNumbers(row[options.numbers]);
  const target = wholeNumber(row[options.target]);
  if (numbers === null || target === null) {
    const [column, what] =
      numbers === null ? [options.numbers, 'a list of whole numbers'] : [options.target, 'a whole number'];
    throw new RollscopeError(
      'dataset',
      `The problem "${problem.slice(0, 80)}" has ${JSON.stringify(row[column]) ?? 'nothing'} in the column "${column}"; Countdown needs ${what} there.`,
      'Correct the data, or name the right columns with --numbers-field and --target-field.',
      { details: { reason: 'bad-column', field: column, value: row[column], problem } },
    );
  }
  return { numbers, target };
}

function compute({ problem, answers }: Group, options: Options): Scores {
  const { numbers, target } = countdownRow(problem.columns ?? {}, options, problem.text);
  const checks = answers.map((answer) => (answer === null ? null : judgeCountdown(answer, numbers, target)));
  const rewards = checks.map((check) =>
    check === null ? 0 : { hit: 1, missed: options.formatScore, refused: 0 }[check.outcome],
  );
  return {
    rewards,
    explain: (index) => {
      const check = checks[index]!;
      const reward = rewards[index]!;
      const first: Part = check
        ? { kind: 'check', passed: check.outcome === 'hit', text: check.text }
        : { kind: 'no-answer', text: 'no answer extracted: reward 0' };
      return [first, { kind: 'result', reward, text: `reward ${shortNumber(reward)}` }];
    },
  };
}

export const countdown = labelFree({
  name: 'countdown',
  title: 'Countdown verifier',
  summary:
    'Whether an expression uses the given numbers and reaches the target. Needs columns with numbers and target, but no labels.',
  scale: 'correctness',
  family: 'external',
  formula:
    '1 if the expression uses every given number once and equals the target; a well-formed miss gets the format score (0)',
  tokens: 'none: the answer only',
  temperature: 'does not apply',
  shift: 'does not apply',
  normalization: 'none',
  range: [0, 1],
  source: 'RLSR, arXiv 2505.08827; TinyZero',
  setup: 'Numbers and target come from columns of the data (`numbers` or `nums`, and `target`).',
  options: OPTIONS,
  columns: ({ numbers, target }) => ({ required: [numbers, target] }),
  compute,
});
