/** Addresses of rollout documents: the path names it for a person, the query finds it in its run folder. Pure. */
export const ROLLOUT_SCHEME = 'rollscope-rollout';
/** The file extension that gives these documents their language. */
export const ROLLOUT_EXTENSION = '.rollout';

export interface RolloutAddress {
  /** Absolute path of the run folder. */
  folder: string;
  /** Sequence number of the group record. */
  group: number;
  /** Index within the group. */
  rollout: number;
}

export interface UriParts {
  scheme: string;
  path: string;
  query: string;
}

export function rolloutUri(address: RolloutAddress, names: { run: string; problem: string; step: number }): UriParts {
  const plain = (text: string) => text.replace(/[/\\?#\s]+/g, '-');
  const file = `${plain(names.problem)}, step ${names.step}, rollout ${address.rollout + 1}${ROLLOUT_EXTENSION}`;
  const query = new URLSearchParams({
    folder: address.folder,
    group: String(address.group),
    rollout: String(address.rollout),
  });
  return { scheme: ROLLOUT_SCHEME, path: `/${plain(names.run)}/${file}`, query: query.toString() };
}

/** The address that a document's query holds; null for anything else. */
export function parseRolloutUri(uri: { scheme: string; query: string }): RolloutAddress | null {
  if (uri.scheme !== ROLLOUT_SCHEME) return null;
  const query = new URLSearchParams(uri.query);
  const folder = query.get('folder');
  const group = Number(query.get('group') ?? Number.NaN);
  const rollout = Number(query.get('rollout') ?? Number.NaN);
  if (!folder || !Number.isInteger(group) || !Number.isInteger(rollout) || group < 0 || rollout < 0) return null;
  return { folder, group, rollout };
}
