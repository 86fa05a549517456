/**
 * Rows of a log that are not one rollout each with its prompt and its response apart: a row with all responses to a prompt in
 * lists, and a conversation that ends with what was sampled. Pure.
 */
import { isMessage } from '../data/chat.ts';
import type { RowValues } from '../data/fields.ts';
import { COMMON_NAMES } from './columns.ts';

/** Lists of responses are called so. */
const RESPONSES = ['responses', 'completions', 'outputs', 'generations', 'samples', 'texts'];
const RESPONSE = 'response';

/** Names of a row's columns, as far as it has them. */
export interface RowNames {
  prompt: string | undefined;
  response: string | undefined;
  reward: string | undefined;
  /** Columns that belong to the prompt, and never have one value per response. */
  shared: readonly (string | undefined)[];
  /** Names that the user gave, which are kept. */
  mapped: ReadonlySet<string>;
}

/** The rollouts of a row, each as a row of its own; usually just the row. */
export function separateRows(values: RowValues, names: RowNames): RowValues[] {
  const { prompt, response, reward } = names;
  const listed = response ?? RESPONSES.find((name) => isListOfResponses(values[name]));
  if (listed !== undefined) return isListOfResponses(values[listed]) ? splitRow(values, listed, names) : [values];
  const chat = prompt === undefined ? undefined : values[prompt];
  // Conversations without a reward are data to train on.
  if (reward === undefined || !Array.isArray(chat) || !chat.every(isMessage)) return [values];
  const first = chat.findIndex(({ role, from }) => ASSISTANTS.has(String(role ?? from).toLowerCase()));
  return first < 1 ? [values] : [{ ...values, [prompt!]: chat.slice(0, first), [RESPONSE]: chat.slice(first) }];
}

const ASSISTANTS = new Set(['assistant', 'gpt', 'model']);

/** Texts or conversations; a list of messages is one conversation. */
function isListOfResponses(value: unknown): value is unknown[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every(
    (item) => typeof item === 'string' || (Array.isArray(item) && item.length > 0 && item.every(isMessage)),
  );
}

/**
 * Lists of the same length as the responses have one value per response; `rewards` then becomes the `reward` of one.
 */
function splitRow(values: RowValues, listed: string, { prompt, shared, mapped }: RowNames): RowValues[] {
  const responses = values[listed] as unknown[];
  const whole = new Set([prompt, ...shared]);
  const columns = Object.entries(values).map(([name, value]) => {
    const perResponse = Array.isArray(value) && value.length === responses.length && !whole.has(name);
    return { name: perResponse && !mapped.has(name) ? singular(name, values) : name, value, perResponse };
  });
  return responses.map((_, i) =>
    Object.fromEntries(
      columns.map(({ name, value, perResponse }) => [name, perResponse ? (value as unknown[])[i] : value]),
    ),
  );
}

const KNOWN_COLUMNS: ReadonlySet<string> = new Set(Object.values(COMMON_NAMES).flat());

function singular(name: string, values: RowValues): string {
  if (name === 'samples' || name === 'texts') return RESPONSE;
  const one = name.replace(/s$/, '');
  return one !== name && KNOWN_COLUMNS.has(one) && !Object.hasOwn(values, one) ? one : name;
}
