/**
 * Files of JSON Lines that belong together, as processes of one trainer write them, each its share of a step: a step is whole
 * once every file has begun a later one, and a group has the rollouts of all files.
 */
import type { Phase } from '../protocol/group.ts';
import type { ForeignRollout } from './group.ts';
import type { DumpPart, DumpScan, LoggedGroup, ReadContext } from './importer.ts';
import { bySteps, LineFile } from './line-file.ts';
import type { RowFileOptions } from './rows.ts';

/** The files of one dump. @param options how the rows of a file are read */
export class LineFiles {
  private readonly files = new Map<string, LineFile>();

  /** @param options of each file, by its path */
  constructor(private readonly options: (file: string) => RowFileOptions) {}

  /** One file, and no others. */
  async scanFile(file: string, context: ReadContext, following: boolean): Promise<DumpScan> {
    const lines = await this.scanned(file, context, following);
    return { parts: lines.parts(following), waiting: lines.waiting };
  }

  /** All files that were named so far, to which the processes of a trainer each write their share. */
  async scan(files: readonly string[], context: ReadContext, following: boolean): Promise<DumpScan> {
    for (const file of new Set([...this.files.keys(), ...files])) await this.scanned(file, context, following);
    const all = [...this.files.values()];
    return { parts: joined(all, following), waiting: all.reduce((sum, lines) => sum + lines.waiting, 0) };
  }

  private async scanned(file: string, context: ReadContext, following: boolean): Promise<LineFile> {
    const lines = this.files.get(file) ?? new LineFile(file, this.options(file));
    this.files.set(file, lines);
    await lines.scan(context, !following);
    return lines;
  }
}

function joined(files: readonly LineFile[], growing: boolean): DumpPart[] {
  const steps = new Map<string, DumpPart[]>();
  /** The last step that every file with rollouts of a phase has begun. */
  const open = new Map<Phase, number>();
  for (const file of files) {
    const last = new Map<Phase, number>();
    for (const part of file.parts(false)) {
      const key = `${part.phase}-${part.step}`;
      steps.set(key, [...(steps.get(key) ?? []), part]);
      last.set(part.phase, part.step);
    }
    for (const [phase, step] of last) open.set(phase, Math.min(step, open.get(phase) ?? step));
  }
  return [...steps]
    .map(([name, parts]): DumpPart => {
      const { phase, step } = parts[0]!;
      const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
      const stamp = parts.map((part) => `${part.name} ${part.stamp}`).join(', ');
      return { name, phase, step, bytes, stamp, groups: (context) => joinedGroups(parts, context) };
    })
    .filter(({ phase, step }) => !growing || step < open.get(phase)!)
    .sort(bySteps);
}

/**
 * The groups of the parts of one step, or all of the step at once if the rollouts of a problem may be in several files.
 */
export async function* joinedGroups(parts: readonly DumpPart[], context: ReadContext): AsyncGenerator<LoggedGroup> {
  if (parts.length === 1) {
    yield* parts[0]!.groups(context);
    return;
  }
  const groups = new Map<number, ForeignRollout[]>();
  for (const part of parts) {
    for await (const { problem, rollouts } of part.groups(context))
      groups.set(problem, [...(groups.get(problem) ?? []), ...rollouts]);
  }
  for (const [problem, rollouts] of groups) yield { problem, rollouts };
}
