/** Which chat template a run uses, and with which additional variables, as the user writes it. Pure. */
import { isObject } from './values.ts';

/** The model's own, or none: prompts are texts with blank lines between them. */
export const OWN_TEMPLATE = 'auto';
export const NO_TEMPLATE = 'none';

/** Whether it is a template itself, and not the name of one. */
export function isTemplateText(template: string): boolean {
  return /\{[{%#]/.test(template);
}

/** Whether it is the path of a file, and not the name of one of the model's templates. */
export function isTemplateFile(template: string): boolean {
  return !isTemplateText(template) && /[\\/]|\.[a-z0-9]+$/i.test(template);
}

/** Variables that the run itself gives every template. */
const TAKEN = new Set([
  'messages',
  'add_generation_prompt',
  'bos_token',
  'eos_token',
  'raise_exception',
  'strftime_now',
]);

export type TemplateVariables = Record<string, unknown>;

/** Reads `enable_thinking=false,effort=low`, or a JSON object. Throws an Error with the reason if it is invalid. */
export function parseTemplateVariables(text: string): TemplateVariables {
  const trimmed = text.trim();
  const variables = trimmed.startsWith('{') ? fromJson(trimmed) : fromPairs(trimmed);
  const taken = Object.keys(variables).find((name) => TAKEN.has(name));
  if (taken !== undefined) throw new Error(`${taken} is set by the run itself`);
  return variables;
}

/** Why variables of a chat template are invalid, with a hint; null if they are valid. */
export function templateVariablesError(text: string): { message: string; hint: string } | null {
  try {
    parseTemplateVariables(text);
    return null;
  } catch (error) {
    const hint = 'Write name=value, several of them with commas, or a JSON object: \'{"enable_thinking": false}\'.';
    return { message: `'${text}' cannot be read: ${(error as Error).message}`, hint };
  }
}

function fromJson(text: string): TemplateVariables {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('it is not valid JSON');
  }
  if (!isObject(value)) throw new Error('it is not a JSON object');
  return value;
}

function fromPairs(text: string): TemplateVariables {
  if (text === '') return {};
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const [, name, value] = /^\s*([A-Za-z_]\w*)\s*=(.*)$/s.exec(pair) ?? [];
      if (name === undefined) throw new Error(`'${pair.trim()}' is not of the form name=value`);
      return [name, literal(value!.trim())];
    }),
  );
}

/** `true`, `False`, `None`, a number, a quoted text; any other word is a text. */
function literal(word: string): unknown {
  const json = { True: 'true', False: 'false', None: 'null' }[word] ?? word;
  try {
    return JSON.parse(json);
  } catch {
    return word;
  }
}
