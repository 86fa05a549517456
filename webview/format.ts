/** Numbers for people: a value that does not exist is a dash, never 0. */
const DASH = '–';

/** A proportion in [0, 1]: `.83`, `1`. */
export function proportion(value: number | null | undefined): string {
  if (value === null || value === undefined) return DASH;
  return value
    .toFixed(2)
    .replace(/^(-?)0\./, '$1.')
    .replace(/^1\.00$/, '1');
}

export function decimal(value: number | null | undefined, digits = 2): string {
  return value === null || value === undefined ? DASH : value.toFixed(digits);
}

export function whole(value: number | null | undefined): string {
  return value === null || value === undefined ? DASH : Math.round(value).toLocaleString('en');
}

export function gigabytes(bytes: number | null | undefined): string {
  return bytes === null || bytes === undefined ? DASH : `${(bytes / 2 ** 30).toFixed(1)} GB`;
}

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return DASH;
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) || path;
}

/** `1 problem`, `64 problems`. */
export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
