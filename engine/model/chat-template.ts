/**
 * Chat templates: programs in Jinja that come with a model, so written by strangers. They are interpreted on a budget
 * (`bounded-jinja.ts`).
 */
import { Environment, parse, tokenize } from '@huggingface/jinja';
import { BoundedInterpreter, listOf } from './bounded-jinja.ts';
import { strftime } from './chat-date.ts';

export interface ChatVariables {
  messages: readonly { role: string; content: string }[];
  bosToken: string;
  eosToken: string;
  /** What `strftime_now` prints. */
  date: Date;
  /** Variables of this model's template, such as `enable_thinking`. */
  more?: Readonly<Record<string, unknown>> | undefined;
}

type Program = ReturnType<typeof parse>;

/** Puts an empty text into every loop, so that each of its turns is a step even where its body is empty. */
function fillLoops(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  const { type, body } = node as { type?: string; body?: unknown[] };
  for (const child of node instanceof Map ? [...node.keys(), ...node.values()] : Object.values(node)) fillLoops(child);
  if (type === 'For' && Array.isArray(body)) body.unshift({ type: 'StringLiteral', value: '' });
}

/** Jinja's `range`, refused before its list is made. */
function range(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0) throw new Error('range() step must not be zero');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  listOf(length);
  return Array.from({ length }, (_, i) => start + i * step);
}

/** One template, parsed when it is made. The constructor and `render` throw an Error for what it gets wrong. */
export class ChatTemplate {
  readonly #program: Program;

  /** Throws an error that says what the text lacks to be a template. */
  constructor(text: string) {
    // as Jinja does
    const lines = text.replace(/\r\n?/g, '\n');
    this.#program = parse(tokenize(lines, { lstrip_blocks: true, trim_blocks: true }));
    fillLoops(this.#program);
  }

  /** The prompt up to where the model's response begins. Throws an error that says why the template fails. */
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
