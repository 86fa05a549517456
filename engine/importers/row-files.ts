/** Files that may have one rollout per row, by their names. Pure. */

export const LINES = /\.(?:jsonl|ndjson)$/i;
/** Read as a whole. */
export const TABLES = /\.(?:json|csv|tsv|parquet)$/i;
/** Either. */
export const ROW_FILE = /\.(?:jsonl|ndjson|json|csv|tsv|parquet)$/i;
