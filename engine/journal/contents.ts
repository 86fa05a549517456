/** The files of a run folder that are written once: what the run is, its problems and their prompts. */
import type { Problem, Prompt } from '../protocol/records.ts';
import type { RunFile } from '../protocol/run-file.ts';
import { AppendFile } from '../system/append-file.ts';
import { writeAside } from '../system/aside.ts';
import type { Disk } from '../system/disk.ts';
import { inRun, PROBLEMS_FILE, PROMPTS_FILE, RUN_FILE } from './layout.ts';

/** Contents of a run folder apart from its records. */
export interface RunContents {
  runFile: RunFile;
  problems: readonly Problem[];
  /** As the model got them, one per problem; null in a run of an older format, and where another trainer kept none. */
  prompts: readonly Prompt[] | null;
}

export async function writeRunFile(folder: string, runFile: RunFile, disk: Disk): Promise<void> {
  await writeText(inRun(folder, RUN_FILE), `${JSON.stringify(runFile, null, 2)}\n`, disk);
}

export async function writeProblems(folder: string, problems: readonly Problem[], disk: Disk): Promise<void> {
  await writeText(inRun(folder, PROBLEMS_FILE), jsonLines(problems), disk);
}

export async function writePrompts(folder: string, prompts: readonly Prompt[], disk: Disk): Promise<void> {
  await writeText(inRun(folder, PROMPTS_FILE), jsonLines(prompts), disk);
}

function jsonLines(items: readonly object[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}

async function writeText(path: string, text: string, disk: Disk): Promise<void> {
  await writeAside(path, async (aside) => {
    const file = new AppendFile(aside, disk);
    try {
      file.append(Buffer.from(text));
      await file.sync();
    } finally {
      file.close();
    }
  });
}
