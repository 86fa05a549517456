/** Selects the files with problems in a folder, or in a dataset on the Hub. Pure. */
import { RollscopeError } from '../protocol/errors.ts';
import { isSplit, noSplit, SPLITS } from './splits.ts';

export interface ChosenShards {
  /** Relative paths, in order. */
  files: string[];
  notes: string[];
}

/** File types in order of preference, for folders with several. */
const FILE_TYPES = [
  /\.parquet$/i,
  /\.(?:jsonl|ndjson)(?:\.gz|\.zst)?$/i,
  /\.json(?:\.gz|\.zst)?$/i,
  /\.[ct]sv(?:\.gz|\.zst)?$/i,
];
/** Files about a dataset that are not part of its data. */
const METADATA_FILE =
  /(?:^|\/)(?:dataset_infos?|dataset_dict|state|metadata|package|package-lock|tsconfig|croissant)\.json$/i;

interface Part {
  config: string;
  split: string;
  files: string[];
}

/**
 * The files of one split: the requested one (`test`, `main/test`), the only one, or `train`.
 * Throws RollscopeError `dataset` with the available splits.
 */
export function chooseShards(name: string, paths: readonly string[], asked?: string): ChosenShards {
  const data = paths.filter((file) => !METADATA_FILE.test(file));
  const kind = FILE_TYPES.find((candidate) => data.some((file) => candidate.test(file)));
  if (!kind) throw noDataFilesError(name, paths);
  const parts = partsOf(data.filter((file) => kind.test(file)));
  const fitting = asked === undefined ? parts : parts.filter((part) => matchesSplit(part, asked));
  if (fitting.length === 0) throw noSplit(name, asked!, parts.map(partTitle));
  const part = defaultPart(name, fitting);
  const others = fitting.filter((other) => other !== part);
  const notes =
    others.length === 0
      ? []
      : [`${name}: the split ${partTitle(part)} is read; it also has ${others.map(partTitle).join(', ')} (--split).`];
  return { files: part.files, notes: [...notes, ...missingShards(name, part.files)] };
}

/** `train-00001-of-00003.parquet` */
const SHARD = /-(\d{4,6})-of-(\d{4,6})(?!\d)/;
/** A content hash. */
const HASH = /^-[0-9a-f]{8,64}(?![0-9a-z])/;
/** Number of missing shards that a note lists. */
const MAX_LISTED_SHARDS = 3;

/** Notes on missing shards, if file names state their total number. */
function missingShards(name: string, files: readonly string[]): string[] {
  const sets = new Map<string, { numbers: Set<number>; shard: (number: number) => string; count: number }>();
  for (const file of files) {
    const found = SHARD.exec(file);
    if (!found) continue;
    const [mark, number, count] = found as unknown as [string, string, string];
    const head = file.slice(0, found.index);
    const end = file.slice(found.index + mark.length).replace(HASH, '');
    const key = `${head} ${count}`;
    const shard = (i: number) => `${head}-${String(i).padStart(number.length, '0')}-of-${count}${end}`;
    const set = sets.get(key) ?? { numbers: new Set<number>(), shard, count: Number(count) };
    set.numbers.add(Number(number));
    sets.set(key, set);
  }
  return [...sets.values()].flatMap(({ numbers, shard, count }) => {
    const lost = Math.max(0, count - numbers.size);
    if (lost === 0) return [];
    const first: string[] = [];
    for (let i = 0; i < count && first.length < Math.min(lost, MAX_LISTED_SHARDS); i++)
      if (!numbers.has(i)) first.push(shard(i));
    const more = lost > first.length ? `, and ${lost - first.length} more` : '';
    return [
      `${name}: ${lost} of ${count} files are missing (${first.join(', ')}${more}): their problems are left out.`,
    ];
  });
}

function partsOf(files: readonly string[]): Part[] {
  const parts = new Map<string, Part>();
  for (const file of [...files].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))) {
    const segments = file.split('/');
    const base = segments.pop()!;
    const stem = base.replace(/(?:\.[a-z]+){1,2}$/i, '');
    const inName = stem.split(/[-_.]/).find((word) => SPLITS.has(word.toLowerCase()));
    const inPath = segments.find((segment) => SPLITS.has(segment.toLowerCase()));
    const split = SPLITS.get((inName ?? inPath ?? '').toLowerCase()) ?? '';
    const config = segments.filter((segment) => segment !== inPath && segment !== 'data').join('/');
    const key = `${config}\n${split}`;
    const part = parts.get(key) ?? { config, split, files: [] };
    part.files.push(file);
    parts.set(key, part);
  }
  return [...parts.values()];
}

function partTitle({ config, split }: Part): string {
  return [config, split].filter((word) => word !== '').join('/') || 'the rest';
}

/** Whether a file name states a split, and it is the requested one. */
export function isNamedSplit(file: string, asked: string): boolean {
  return partsOf([file]).some((part) => part.split !== '' && matchesSplit(part, asked));
}

function matchesSplit(part: Part, asked: string): boolean {
  if (partTitle(part) === asked || part.config === asked) return true;
  const at = asked.lastIndexOf('/');
  if (at < 0) return isSplit(part.split, asked);
  return part.config === asked.slice(0, at) && isSplit(part.split, asked.slice(at + 1));
}

/** The default part: the training split of the default configuration. */
function defaultPart(name: string, parts: readonly Part[]): Part {
  const configs = [...new Set(parts.map(({ config }) => config))];
  const config =
    configs.length === 1 ? configs[0] : ['default', 'main', ''].find((candidate) => configs.includes(candidate));
  const own = parts.filter((part) => part.config === config);
  const part =
    own.length === 1
      ? own[0]
      : ['train', 'test', 'validation', ''].flatMap((split) => own.filter((item) => item.split === split))[0];
  if (part) return part;
  throw new RollscopeError(
    'dataset',
    `${name} has several splits: ${parts.map(partTitle).join(', ')}.`,
    'Choose one (--split, or dataset.split in a configuration).',
    { details: { reason: 'several-splits', file: name, splits: parts.map(partTitle) } },
  );
}

function noDataFilesError(name: string, paths: readonly string[]): RollscopeError {
  if (paths.some((file) => /\.arrow$/i.test(file))) {
    return new RollscopeError(
      'dataset',
      `${name} was saved by save_to_disk, as Arrow files, which are not supported.`,
      'Write it with load_from_disk(...).to_parquet("problems.parquet"), or to_json("problems.jsonl").',
      { details: { reason: 'unsupported-type', file: name, value: '.arrow' } },
    );
  }
  return new RollscopeError(
    'dataset',
    `${name} is a folder without .parquet, .jsonl, .json, .csv or .tsv files.`,
    'Choose a file, or a folder with such files.',
    { details: { reason: 'is-folder', file: name } },
  );
}
