/** The files of a run folder that are written once: the description of the run, its problems and their prompts. */
import { readFileSync } from 'node:fs';
import type { Problem, Prompt } from '../protocol/problem.ts';
import type { RunFile } from '../protocol/run-file.ts';
import { AppendFile } from '../system/append-file.ts';
import { writeAside } from '../system/aside.ts';
import type { Disk } from '../system/disk.ts';
import { inRun, PROBLEMS_FILE, PROMPTS_FILE, RUN_FILE } from './layout.ts';

/** Contents of a run folder apart from its records. */
export interface RunContents {
  runFile: RunFile;
  problems: readonly Problem[];
  /** As the model got them, one per problem; null in a run of an older format, and if another trainer stored none. */
  prompts: readonly Prompt[] | null;
}

/** Writes `run.json` aside and renames it. Throws `disk`. */
export async function writeRunFile(folder: string, runFile: RunFile, disk: Disk): Promise<void> {
  await writeText(inRun(folder, RUN_FILE), `${JSON.stringify(runFile, null, 2)}\n`, disk);
}

/**
 * Writes `problems.jsonl`, one problem per line; a group refers to its problem by the index of the line. Throws
 * `disk`.
 */
export async function writeProblems(folder: string, problems: readonly Problem[], disk: Disk): Promise<void> {
  await writeText(inRun(folder, PROBLEMS_FILE), jsonLines(problems), disk);
}

/** Writes `prompts.jsonl`: for the problem of the same line, the prompt exactly as the model got it. Throws `disk`. */
export async function writePrompts(folder: string, prompts: readonly Prompt[], disk: Disk): Promise<void> {
  await writeText(inRun(folder, PROMPTS_FILE), jsonLines(prompts), disk);
}

/** The problems and prompts of a run whose problems become known while it is written. */
export class GrowingProblems {
  private readonly problems: AppendFile;
  private readonly prompts: AppendFile;

  /** @throws RollscopeError `disk` */
  constructor(folder: string, disk: Disk) {
    this.problems = wholeLines(inRun(folder, PROBLEMS_FILE), disk);
    this.prompts = wholeLines(inRun(folder, PROMPTS_FILE), disk);
  }

  append(problems: readonly Problem[], prompts: readonly Prompt[]): void {
    // A reader expects as many prompts as there are problems.
    this.prompts.append(Buffer.from(jsonLines(prompts)));
    this.problems.append(Buffer.from(jsonLines(problems)));
  }

  async sync(): Promise<void> {
    await this.prompts.sync();
    await this.problems.sync();
  }

  close(): void {
    this.prompts.close();
    this.problems.close();
  }
}

/** Opens a file of lines after its last complete one, since a kill may have left a part of the next. */
function wholeLines(path: string, disk: Disk): AppendFile {
  const file = new AppendFile(path, disk);
  const { length } = file;
  const whole = length === 0 ? 0 : readFileSync(path).lastIndexOf(0x0a) + 1;
  if (whole < length) file.truncate(whole);
  return file;
}

function jsonLines(items: readonly object[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}

async function writeText(path: string, text: string, disk: Disk): Promise<void> {
  await writeAside(path, async (aside) => {
    const file = new AppendFile(aside, disk, 'try again');
    try {
      file.append(Buffer.from(text));
      await file.sync();
    } finally {
      file.close();
    }
  });
}
