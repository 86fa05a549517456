/** Names of experiments: a renamed one keeps its old name on the command line, in tasks, and in folders. */

const FORMERLY: Readonly<Record<string, string>> = { generalisation: 'generalization' };

/** The current name of an experiment; the name itself where it was never renamed. */
export function experimentName(name: string): string {
  return FORMERLY[name] ?? name;
}

/** The name, then the names that it had before. */
export function namesOfExperiment(name: string): string[] {
  return [name, ...Object.keys(FORMERLY).filter((former) => FORMERLY[former] === name)];
}
