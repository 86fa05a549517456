/**
 * tinker-cookbook's logtree: a page as a tree of elements, in which environments log prompts and responses, and the
 * trainer logs the resulting trajectories. Pure.
 */
import { isMessage } from '../../data/chat.ts';
import { isObject } from '../../protocol/values.ts';
import { numberIn } from '../cells.ts';

type Message = Record<string, unknown>;

/** A response of the policy, and what the environment logged below it. */
export interface Attempt {
  prompt: Message[];
  response: Message[];
  /** Rows of the table below it, such as `reference_answer` and `reward`. */
  table: Record<string, string>;
}

/** The group of one problem. Its attempts are in the order in which they were finished. */
export interface LoggedRollouts {
  attempts: Attempt[];
  /** For each trajectory: lengths of observations and actions and the reward of each of its turns, as texts. */
  trajectories: string[];
}

interface Element {
  tag: string;
  data?: unknown;
  children: (Element | string)[];
}

const GROUP = 'Group Rollout';

/** The groups of a page; [] for another file. */
export function groupsIn(page: unknown): LoggedRollouts[] {
  const root = isObject(page) ? page.root : null;
  return isElement(root) ? sectionsIn(root, (title) => title === GROUP).map(groupOf) : [];
}

function groupOf(section: Element): LoggedRollouts {
  const attempts: Attempt[] = [];
  let prompt: Message[] = [];
  for (const { title, element } of titled(section)) {
    if (title === 'Prompt') prompt = messagesIn(element);
    else if (title === 'Policy Response') attempts.push({ prompt, response: messagesIn(element), table: {} });
    else if (title === 'Reward' && attempts.length > 0) attempts.at(-1)!.table = Object.fromEntries(rowsIn(element));
  }
  const episodes = sectionsIn(section, (title) => /^Trajectory \d+ Episode$/.test(title));
  const trajectories = episodes.map((episode) =>
    sectionsIn(episode, (title) => /^Turn \d+$/.test(title))
      .map((turn) => {
        const { ob_len: observed, ac_len: acted, step_reward: reward } = Object.fromEntries(rowsIn(turn));
        return signature(observed, acted, reward);
      })
      .join(' '),
  );
  return { attempts, trajectories };
}

/**
 * Attempts of several turns: where the prompt of one is the prompt and the response of an earlier one with more after it,
 * both are turns of one trajectory, whose response is everything after its first prompt. Of several earlier ones with the same
 * messages any will do.
 */
export function joinedTurns(attempts: readonly Attempt[]): Attempt[] {
  const open = new Map<string, Attempt[]>();
  const all = new Set<Attempt>();
  for (const attempt of attempts) {
    const before = attempt.prompt.length > 2 ? takeEarlier(open, attempt.prompt) : null;
    if (before) all.delete(before);
    const joined = before ? mergeAttempts(before, attempt) : attempt;
    all.add(joined);
    const key = keyOf([...joined.prompt, ...joined.response]);
    open.set(key, [...(open.get(key) ?? []), joined]);
  }
  return [...all];
}

/** The longest that is continued by these messages. */
function takeEarlier(open: Map<string, Attempt[]>, messages: readonly Message[]): Attempt | null {
  for (let length = messages.length - 1; length >= 2; length--) {
    const found = open.get(keyOf(messages.slice(0, length)))?.shift();
    if (found) return found;
  }
  return null;
}

function mergeAttempts(before: Attempt, { prompt, response, table }: Attempt): Attempt {
  const rewards = [before.table.reward, table.reward].flatMap((item) => numberIn(item) ?? []);
  const reward = rewards.reduce((sum, item) => sum + item, 0);
  return {
    prompt: before.prompt,
    response: [...prompt.slice(before.prompt.length), ...response],
    table: { ...before.table, ...table, ...(rewards.length > 0 && { reward: String(reward) }) },
  };
}

function keyOf(messages: readonly Message[]): string {
  return JSON.stringify(messages.map(({ role, content }) => [role, content]));
}

/** Identifies a turn among the rollout summaries, by lengths and reward. */
export function signature(observed: unknown, acted: unknown, reward: unknown): string {
  return `${String(observed)}/${String(acted)}/${thousandths(reward)}`;
}

/** A reward rounded to the three decimals that a page shows; null for none. */
export function thousandths(reward: unknown): number | null {
  const number = numberIn(reward);
  // Not -0, which would be a different key.
  return number === null ? null : Math.round(number * 1000) + 0;
}

function isElement(value: unknown): value is Element {
  return isObject(value) && typeof value.tag === 'string' && Array.isArray(value.children);
}

function childrenOf({ children }: Element): Element[] {
  return children.filter(isElement);
}

function titleOf(section: Element): string | null {
  const heading = childrenOf(section).find(({ tag }) => /^h\d$/.test(tag));
  return heading ? textOf(heading) : null;
}

/** Sections with a title, in page order; sections inside them are not included. */
function sectionsIn(element: Element, isWanted: (title: string) => boolean): Element[] {
  return childrenOf(element).flatMap((child) => {
    const title = child.tag === 'section' ? titleOf(child) : null;
    return title !== null && isWanted(title) ? [child] : sectionsIn(child, isWanted);
  });
}

function titled(section: Element): { title: string; element: Element }[] {
  return sectionsIn(section, (title) => title !== GROUP).map((element) => ({ title: titleOf(element)!, element }));
}

function messagesIn(element: Element): Message[] {
  const { data } = element;
  if (isObject(data) && data.type === 'conversation' && Array.isArray(data.messages))
    return data.messages.filter(isMessage);
  return childrenOf(element).flatMap(messagesIn);
}

/** Rows of two cells, of the first table. */
function rowsIn(element: Element): [string, string][] {
  const table = find(element, 'table');
  if (!table) return [];
  return all(table, 'tr').flatMap((row) => {
    const [name, value] = all(row, 'td').map(textOf);
    return name === undefined || value === undefined ? [] : [[name, value] as [string, string]];
  });
}

function find(element: Element, tag: string): Element | null {
  return all(element, tag)[0] ?? null;
}

function all(element: Element, tag: string): Element[] {
  return childrenOf(element).flatMap((child) => (child.tag === tag ? [child] : all(child, tag)));
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'", '#39': "'" };

function textOf(element: Element): string {
  const text = element.children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
  return text.replace(/&(amp|lt|gt|quot|#x27|#39);/g, (_, name: string) => ENTITIES[name]!);
}
