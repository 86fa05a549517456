/**
 * Addresses of rollout documents: the path is a readable name, the query locates the rollout in its run folder. The query uses
 * stable names: the problem's id, and the rollout's number, from 1. Pure.
 */
import type { GroupId } from '../../engine/protocol/group.ts';
import { PHASES } from '../../engine/protocol/group-id.ts';
import type { Problem } from '../../engine/protocol/problem.ts';
import { visibleLine } from '../../engine/protocol/visible.ts';
import { SCHEMES } from '../ids.ts';

export const ROLLOUT_SCHEME = SCHEMES.rollout;
/** The file extension that gives these documents their language. */
export const ROLLOUT_EXTENSION = '.rollout';

export interface RolloutAddress extends Omit<GroupId, 'problem'> {
  /** Absolute path of the run folder. */
  folder: string;
  /** Id of the problem; `row` distinguishes problems with the same id. */
  problem: string;
  row: number | null;
  /** From 1. */
  rollout: number;
}

export interface UriParts {
  scheme: string;
  path: string;
  query: string;
}

/** The address of a rollout (by index) in a run with these problems. */
export function addressOf(
  folder: string,
  problems: readonly Problem[],
  { problem, phase, step }: GroupId,
  rollout: number,
): RolloutAddress {
  const { id, row } = problems[problem]!;
  const unique = problems.filter((item) => item.id === id).length === 1;
  return { folder, problem: id, row: unique ? null : row, phase, step, rollout: rollout + 1 };
}

/** Index of the problem of an address; null if the run does not contain it. */
export function problemOf(problems: readonly Problem[], { problem, row }: RolloutAddress): number | null {
  return (
    problems.find((candidate) => candidate.id === problem && (row === null || candidate.row === row))?.index ?? null
  );
}

/** The parts of a document's URI. @param run the name of the run, which the tab shows */
export function rolloutUri(address: RolloutAddress, run: string): UriParts {
  const { problem, row, phase, step, rollout } = address;
  const plain = (text: string) => visibleLine(text).replace(/[/\\?#\s]+/g, '-');
  const when = phase === 'train' ? `step ${step}` : `${phase} at step ${step}`;
  const file = `${plain(problem)}, ${when}, rollout ${rollout}${ROLLOUT_EXTENSION}`;
  const query = new URLSearchParams({
    folder: address.folder,
    problem,
    ...(row !== null && { row: String(row) }),
    phase,
    step: String(step),
    rollout: String(rollout),
  });
  return { scheme: ROLLOUT_SCHEME, path: `/${plain(run)}/${file}`, query: query.toString() };
}

/** A side of a diff. @property run the name of its run */
interface DiffSide {
  address: RolloutAddress;
  run: string;
}

/** What the diff of two rollouts is called: `sum-3, step 5: rollout 2 ↔ rollout 4`; of two runs `…, one: … ↔ other: …`. */
export function diffTitle(left: DiffSide, right: DiffSide): string {
  const when = ({ phase, step }: RolloutAddress) => (phase === 'train' ? `step ${step}` : `${phase} at step ${step}`);
  const [a, b] = [left.address, right.address];
  const name = ({ rollout }: RolloutAddress) => `rollout ${rollout}`;
  if (a.folder !== b.folder) {
    const side = ({ address, run }: DiffSide) => `${run}, ${when(address)}, ${name(address)}`;
    return `${b.problem}: ${side(left)} ↔ ${side(right)}`;
  }
  const other = when(a) === when(b) ? '' : `${when(b)}, `;
  return `${a.problem}, ${when(a)}: ${name(a)} ↔ ${other}${name(b)}`;
}

/** The address in a document's query; null for any other document. */
export function parseRolloutUri(uri: { scheme: string; query: string }): RolloutAddress | null {
  if (uri.scheme !== ROLLOUT_SCHEME) return null;
  const query = new URLSearchParams(uri.query);
  const whole = (name: string, least: number) => {
    const text = query.get(name);
    return text !== null && /^\d+$/.test(text) && Number(text) >= least ? Number(text) : null;
  };
  const [folder, problem] = [query.get('folder'), query.get('problem')];
  const phase = PHASES.find((name) => name === query.get('phase'));
  const [step, rollout] = [whole('step', 0), whole('rollout', 1)];
  if (!folder || problem === null || !phase || step === null || rollout === null) return null;
  return { folder, problem, row: whole('row', 0), phase, step, rollout };
}
