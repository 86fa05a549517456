/** Ids of datasets on the Hub. Pure. */

export interface DatasetId {
  /** As the user wrote it. */
  spec: string;
  name: string;
  /** A branch, a tag or a commit. */
  revision: string;
}

const DATA_FILE = /\.(?:jsonl|ndjson|json|csv|tsv|parquet|txt|md)(?:\.gz|\.zst)?$/i;

/** Parses `owner/name`, with a branch, tag or commit after `@`; null for what looks like a path. */
export function parseDatasetId(spec: string): DatasetId | null {
  const [, name, revision = 'main'] =
    /^(?:hf:)?([A-Za-z0-9][\w.-]*\/[\w-][\w.-]*)(?:@([\w-][\w.-]*))?$/.exec(spec) ?? [];
  if (name === undefined || DATA_FILE.test(name) || name.includes('..')) return null;
  return { spec, name, revision };
}
