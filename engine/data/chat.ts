/**
 * Conversations in problem files: `[{"role", "content"}]`, ShareGPT's `[{"from", "value"}]`, contents in parts, and any of
 * these as JSON or Python text. A conversation becomes a question with the turns before it. Pure.
 */
import { nestsDeeper } from '../protocol/nesting.ts';
import type { Turn } from '../protocol/problem.ts';
import { isObject } from '../protocol/values.ts';
import { MAX_DEPTH, readJson } from './json.ts';
import { parsePython } from './python-literal.ts';

/** The question in a cell. */
export interface CellQuestion {
  system: string | null;
  /** Turns before the question. */
  before: Turn[];
  /** The last turn of the user. */
  question: string;
  /** The assistant's reply to the question: a beginning to continue, or the solution. */
  reply: string | null;
  /** The question as text, with the turns before it, if any. */
  text: string;
}

/** A conversation that cannot be read; the message continues after `"messages" `. */
export class ChatFault extends Error {}

const ROLES: ReadonlyMap<string, Turn['role']> = new Map([
  ['user', 'user'],
  ['human', 'user'],
  ['prompter', 'user'],
  ['assistant', 'assistant'],
  ['gpt', 'assistant'],
  ['chatgpt', 'assistant'],
  ['bot', 'assistant'],
  ['model', 'assistant'],
  ['system', 'system'],
  ['developer', 'system'],
]);

/** The question in a cell; null if the cell is empty or neither text nor a conversation. Throws ChatFault. */
export function readPrompt(value: unknown): CellQuestion | null {
  const plain = (text: string): CellQuestion | null =>
    text.trim() === '' ? null : { system: null, before: [], question: text, reply: null, text };
  if (typeof value === 'number' || typeof value === 'bigint') return plain(String(value));
  if (typeof value === 'string') {
    const chat = chatInText(value);
    return chat === null ? plain(value) : questionOfMessages(chat);
  }
  const messages = messagesOf(value);
  if (messages !== null) return questionOfMessages(messages);
  return Array.isArray(value) && value.length === 1 && typeof value[0] === 'string' ? readPrompt(value[0]) : null;
}

/** Like `readPrompt`, with null for conversations that cannot be read. */
export function promptOf(value: unknown): CellQuestion | null {
  try {
    return readPrompt(value);
  } catch (error) {
    if (error instanceof ChatFault) return null;
    throw error;
  }
}

type Message = Record<string, unknown>;

/** The messages of a conversation; null for anything else. */
function messagesOf(value: unknown): Message[] | null {
  if (Array.isArray(value)) return value.length > 0 && value.every(isMessage) ? value : null;
  if (!isObject(value)) return null;
  const { messages, conversations } = value;
  return isMessage(value) ? [value] : messagesOf(messages ?? conversations ?? null);
}

/** Whether a value is a turn of a conversation: an object with a string `role`, or `from` (ShareGPT). */
export function isMessage(value: unknown): value is Message {
  return isObject(value) && typeof (value.role ?? value.from) === 'string';
}

/** The beginning of a conversation that was serialized as text. */
const TEXT_OF_CHAT =
  /^\s*(?:array\(\s*)?(?:\[\s*\{|\{)\s*u?["'](?:role|from|content|value|messages|conversations)["']\s*:/;

/** The conversation that a text serializes; null for other texts. Throws ChatFault. */
export function chatInText(text: string): Message[] | null {
  if (!TEXT_OF_CHAT.test(text)) return null;
  const messages = messagesOf(valueOfText(text));
  if (messages !== null) return messages;
  // Any other object is ordinary problem text.
  if (/^\s*\{/.test(text) || !/["'](?:role|from)["']\s*:/.test(text)) return null;
  throw new ChatFault('is a chat written as text that is neither JSON nor Python');
}

/** The value that a text represents as JSON or as Python prints it; undefined for other texts. */
export function valueOfText(text: string): unknown {
  if (nestsDeeper(text, MAX_DEPTH)) return undefined;
  try {
    return readJson(text);
  } catch {
    return parsePython(text);
  }
}

function questionOfMessages(messages: readonly Message[]): CellQuestion | null {
  const turns = messages.map(turnOf);
  const systems = turns.findIndex(({ role }) => role !== 'system');
  const system = turns
    .slice(0, systems < 0 ? turns.length : systems)
    .map(({ content }) => content)
    .join('\n\n');
  const rest = systems < 0 ? [] : turns.slice(systems);
  const at = rest.findLastIndex(({ role }) => role === 'user');
  if (at < 0) throw new ChatFault('is a chat without a user turn');
  const behind = rest.slice(at + 1);
  const stray = behind.find(({ role }) => role !== 'assistant');
  if (stray) throw new ChatFault(`is a chat that ends with a ${stray.role} turn`);
  const before = rest.slice(0, at);
  const question = rest[at]!.content;
  if (question.trim() === '') return null;
  return {
    system: system.trim() === '' ? null : system,
    before,
    question,
    reply: behind.length === 0 ? null : behind.map(({ content }) => content).join('\n\n'),
    text: before.length === 0 ? question : turnsText([...before, rest[at]!]),
  };
}

/** Several turns as one text. */
export function turnsText(turns: readonly Turn[]): string {
  return turns.map(({ role, content }) => `${role}: ${content}`).join('\n\n');
}

function turnOf(message: Message, index: number): Turn {
  const name = String(message.role ?? message.from);
  const role = ROLES.get(name) ?? ROLES.get(name.toLowerCase());
  if (role === undefined) throw new ChatFault(`${turnAt(index)} has the role "${name}", which is not supported`);
  const content = contentOf(message.content ?? message.value ?? message.text, index);
  if (content === null) throw new ChatFault(`${turnAt(index)} has no text`);
  return { role, content };
}

function turnAt(index: number): string {
  return `is a chat whose turn ${index + 1}`;
}

function contentOf(content: unknown, index: number): string | null {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return null;
  const parts = content.map((part) => {
    if (typeof part === 'string') return part;
    const { type, text } = isObject(part) ? part : { type: typeof part };
    if (typeof text === 'string' && (type === undefined || type === null || /text$/.test(String(type)))) return text;
    throw new ChatFault(`${turnAt(index)} has a part of type "${String(type)}"; only text is supported`);
  });
  return parts.join('\n');
}
