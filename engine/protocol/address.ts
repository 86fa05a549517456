/**
 * Addresses of places in a run: links that the editor opens, `rollscope show` takes, and reports cite. They use stable names:
 * the run's folder, the problem's id, and the numbers of rollout and tokens from 1. Pure, without schemas.
 */
import { PHASES, type Phase } from './group-id.ts';

/** The authority of the extension's addresses, whatever the editor's own scheme is. */
const AUTHORITY = 'rollscope.rollscope';
const PATH = '/run';

export interface Address {
  /** Absolute path of the run folder. */
  folder: string;
  step: number | null;
  /** null: the phase that represents the problem. */
  phase: Phase | null;
  /** Id of the problem; `row` distinguishes problems with the same id. */
  problem: string | null;
  row: number | null;
  /** From 1. */
  rollout: number | null;
  /** First and last token, from 1. */
  tokens: [first: number, last: number] | null;
  /** The step that the place is compared with (cursor A); absent: before training, or the latest step of another run. */
  from?: number;
  /** Folder of the run of that step, if it is another run. */
  fromRun?: string;
  /** The value that a report states about the place that it cites: `name=value`. */
  says: string | null;
}

/** Everything but the folder is optional. */
export type PartialAddress = Pick<Address, 'folder'> & Partial<Address>;

/** @param scheme of the editor: `vscode`, `vscode-insiders` */
export function addressText({ folder, ...place }: PartialAddress, scheme = 'vscode'): string {
  const { step, phase, problem, row, rollout, tokens, from, fromRun, says } = place;
  const query = new URLSearchParams({ folder });
  const given = { problem, row, phase, step, rollout, tokens: tokens?.join('-'), from, fromRun, says };
  for (const [name, value] of Object.entries(given)) {
    if (value !== null && value !== undefined) query.set(name, String(value));
  }
  return `${scheme}://${AUTHORITY}${PATH}?${query}`;
}

/** null for a text that is not an address. */
export function parseAddress(text: string): Address | null {
  const [, place, query] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+\/[^?#]*)\?(.*)$/i.exec(text.trim()) ?? [];
  return query !== undefined && place!.toLowerCase() === `${AUTHORITY}${PATH}` ? addressIn(query) : null;
}

/** The address in the query of a link; null if it is not one. */
export function addressIn(query: string): Address | null {
  const values = new URLSearchParams(query.split('#', 1)[0]);
  const folder = values.get('folder');
  if (!folder) return null;
  const whole = (name: string, least: number) => {
    const text = values.get(name);
    return text !== null && /^\d{1,15}$/.test(text) && Number(text) >= least ? Number(text) : null;
  };
  const [from, fromRun] = [whole('from', 0), values.get('fromRun')];
  const [, first, last] = /^(\d{1,9})-(\d{1,9})$/.exec(values.get('tokens') ?? '') ?? [];
  return {
    folder,
    step: whole('step', 0),
    phase: PHASES.find((candidate) => candidate === values.get('phase')) ?? null,
    problem: values.get('problem'),
    row: whole('row', 0),
    rollout: whole('rollout', 1),
    tokens: first && last && Number(first) >= 1 && Number(last) >= Number(first) ? [Number(first), Number(last)] : null,
    ...(from !== null && { from }),
    ...(fromRun && { fromRun }),
    says: values.get('says'),
  };
}

/** `problem sum-04, step 12, rollout 3`; `the run` for a run as a whole. */
export function placeText({ problem, phase, step, rollout, tokens }: Omit<Partial<Address>, 'folder'>): string {
  const parts = [
    problem != null ? `problem ${problem}` : null,
    step != null ? `${phase && phase !== 'train' ? `${phase} at ` : ''}step ${step}` : null,
    rollout != null ? `rollout ${rollout}` : null,
    tokens ? (tokens[0] === tokens[1] ? `token ${tokens[0]}` : `tokens ${tokens[0]} to ${tokens[1]}`) : null,
  ].filter((part) => part !== null);
  return parts.length > 0 ? parts.join(', ') : 'the run';
}
