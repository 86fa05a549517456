/**
 * A response of several turns, with tools for example: shown as a chat, each turn after its role. Its answer is searched for in
 * the last turn of the assistant only. Pure.
 */
import { isMessage } from '../data/chat.ts';
import { isObject } from '../protocol/values.ts';
import type { ForeignRollout } from './group.ts';

/** null for anything but a list of messages. A single message is its text. */
export function responseOf(messages: unknown): Pick<ForeignRollout, 'text' | 'said'> | null {
  const turns = isObject(messages) ? [messages] : messages;
  if (!Array.isArray(turns) || turns.length === 0 || !turns.every(isMessage)) return null;
  const all = turns.map((turn) => {
    const role = String(turn.role ?? turn.from);
    return { role, said: turnText(turn), calls: toolCalls(turn.tool_calls) };
  });
  if (all.length === 1) return { text: [all[0]!.said, ...all[0]!.calls].filter((part) => part !== '').join('\n\n') };
  const said = all.findLast(({ role }) => ASSISTANTS.has(role))?.said ?? '';
  return { text: all.map(({ role, said, calls }) => [`${role}: ${said}`, ...calls].join('\n')).join('\n\n'), said };
}

const ASSISTANTS = new Set(['assistant', 'gpt', 'chatgpt', 'bot', 'model']);

/** A turn may have no text, for example if it only calls a tool. Its thoughts precede its text. */
function turnText({ content, value, reasoning_content: thought }: Record<string, unknown>): string {
  const said = content ?? value;
  const parts = Array.isArray(said) ? said.filter(isObject) : [];
  const thoughts = [thought, ...parts.map(({ thinking }) => thinking)].filter((item) => typeof item === 'string');
  const text = contentText(said);
  const all = thoughts.join('\n');
  return all.trim() === '' ? text : `<think>\n${all}\n</think>\n\n${text}`;
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

/** Each call of a tool as a line: `[call of calculator: {"a": 1}]`. */
function toolCalls(calls: unknown): string[] {
  if (!Array.isArray(calls)) return [];
  return calls.filter(isObject).map((call) => {
    const { name, arguments: given } = isObject(call.function) ? call.function : call;
    return `[call of ${String(name)}: ${typeof given === 'string' ? given : argumentsText(given)}]`;
  });
}

/** A column of a Parquet file has the arguments of all tools, each null in the calls of the others, and whole numbers as bigints. */
function argumentsText(given: unknown): string {
  const known = isObject(given)
    ? Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null))
    : given;
  return JSON.stringify(known ?? {}, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
}
