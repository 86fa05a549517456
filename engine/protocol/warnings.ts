/** The codes of a run's warnings, without zod: the page has them too. */

/** Newer versions may have others, so readers accept any text. */
export const WARNING_CODES = [
  'dataset',
  'model',
  'config',
  'forecast',
  'no-answers',
  'no-signal',
  'truncated',
  'collapse-watch',
  'collapse',
  'non-finite',
  'replay-diverged',
  'import',
] as const;
export type WarningCode = (typeof WARNING_CODES)[number];

/** Above this share of responses, warnings and views report that they were truncated, or have no answer. */
export const MAJOR_SHARE = 0.5;

/** Warnings about a run that can hardly learn, the gravest first. */
export const SIGNAL_WARNINGS = ['no-signal', 'truncated', 'no-answers'] as const satisfies readonly WarningCode[];

/** The most serious warning about a run's training signal; null if there is none. */
export function signalWarningIn<T extends { code: string }>(warnings: readonly T[]): T | null {
  for (const code of SIGNAL_WARNINGS) {
    const found = warnings.findLast((warning) => warning.code === code);
    if (found) return found;
  }
  return null;
}

export const WATCH_WARNING_LEVELS = ['watch', 'collapse'] as const;
/** How serious a warning of the collapse watch is. */
export type WatchWarningLevel = (typeof WATCH_WARNING_LEVELS)[number];

export const WATCH_WARNINGS = { watch: 'collapse-watch', collapse: 'collapse' } as const satisfies Record<
  WatchWarningLevel,
  WarningCode
>;

/** null for a warning that is not from the collapse watch. */
export function watchLevelOf({ code }: { code: string }): WatchWarningLevel | null {
  return WATCH_WARNING_LEVELS.find((level) => WATCH_WARNINGS[level] === code) ?? null;
}

interface WatchedWarning {
  code: string;
  step?: number | null;
}

/**
 * The latest warnings of the collapse watch: the last one, and those of the same level before it without another level
 * in between, the earliest first. The watch warns again when a sign returns, and does not report when it disappears.
 */
export function lastWatchWarnings<T extends WatchedWarning>(warnings: readonly T[]): readonly T[] {
  const said = warnings.filter((warning) => watchLevelOf(warning) !== null);
  const last = said.at(-1);
  if (!last) return [];
  const other = said.findLastIndex((warning) => watchLevelOf(warning) !== watchLevelOf(last));
  return said.slice(other + 1);
}
