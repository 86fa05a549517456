/**
 * Chat templates: Jinja programs that come with a model, so they are untrusted. They are interpreted with a budget
 * (`bounded-jinja.ts`).
 */
import { Environment, parse, tokenize } from '@huggingface/jinja';
import { BoundedInterpreter, listOf } from './bounded-jinja.ts';
import { strftime } from './chat-date.ts';

export interface ChatVariables {
  messages: readonly { role: string; content: string }[];
  bosToken: string;
  eosToken: string;
  /** The date that `strftime_now` prints. */
  date: Date;
  /** Variables for this model's template, such as `enable_thinking`. */
  more?: Readonly<Record<string, unknown>> | undefined;
}

type Program = ReturnType<typeof parse>;

/** Adds an empty text to every loop, so that each iteration is a step even if its body is empty. */
function fillLoops(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  const { type, body } = node as { type?: string; body?: unknown[] };
  for (const child of node instanceof Map ? [...node.keys(), ...node.values()] : Object.values(node)) fillLoops(child);
  if (type === 'For' && Array.isArray(body)) body.unshift({ type: 'StringLiteral', value: '' });
}

/** Jinja's `range`, which is checked before its list is created. */
function range(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0) throw new Error('range() step must not be zero');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  listOf(length);
  return Array.from({ length }, (_, i) => start + i * step);
}

/** A template, parsed once. The constructor and `render` throw an Error for invalid templates. */
export class ChatTemplate {
  readonly #program: Program;

  /** Throws an error that says why the text is not a valid template. */
  constructor(text: string) {
    // like Jinja
    const lines = text.replace(/\r\n?/g, '\n');
    this.#program = parse(tokenize(lines, { lstrip_blocks: true, trim_blocks: true }));
    fillLoops(this.#program);
  }

  /** Renders the prompt up to the beginning of the model's response. Throws an error that says why the template fails. */
  render({ messages, bosToken, eosToken, date, more = {} }: ChatVariables): string {
    const environment = new Environment();
    const variables = {
      true: true,
      false: false,
      none: null,
      True: true,
      False: false,
      None: null,
      range,
      raise_exception: (message: string) => {
        throw new Error(message);
      },
      strftime_now: (format: string) => strftime(date, format),
      ...more,
      messages,
      add_generation_prompt: true,
      bos_token: bosToken,
      eos_token: eosToken,
    };
    for (const [name, value] of Object.entries(variables)) environment.set(name, value);
    return String(new BoundedInterpreter(environment).run(this.#program).value);
  }
}
