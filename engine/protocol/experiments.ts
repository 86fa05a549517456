/**
 * The results and names of experiments. A renamed experiment keeps its old name on the command line, in tasks, and in
 * folders.
 */

const FORMER_NAMES: Readonly<Record<string, string>> = { generalisation: 'generalization' };

/** The current name of an experiment; the same name if it was never renamed. */
export function experimentName(name: string): string {
  return FORMER_NAMES[name] ?? name;
}

/** The name, then the names that it had before. */
export function namesOfExperiment(name: string): string[] {
  return [name, ...Object.keys(FORMER_NAMES).filter((former) => FORMER_NAMES[former] === name)];
}

/** Whether an experiment reproduced its finding, in the words of reports. */
export const REPRODUCTION_TEXT = {
  reproduced: 'Reproduced',
  partly: 'Partly reproduced',
  not: 'Not reproduced at this scale',
} as const;
export type Reproduction = keyof typeof REPRODUCTION_TEXT;
export const REPRODUCTIONS = Object.keys(REPRODUCTION_TEXT) as Reproduction[];
