/**
 * Runs that the panel's benchmark looks at:
 *   steps <folder> <problems> <steps> <groups per step> <rollouts per group>
 *   long <folder> <rollouts> <tokens>     one problem, two steps
 *   live <folder> <records per second> <seconds> <first step>   continues writing a run, which must exist
 */
import { rmSync } from 'node:fs';
import type { Journal } from '../../../engine/journal/journal.ts';
import { openJournalAtEnd } from '../../../engine/journal/open.ts';
import { readProblems } from '../../../engine/journal/reader.ts';
import type { GroupDetail } from '../../../engine/protocol/index.ts';
import { step as stepRecord } from '../../support/records.ts';
import { type BenchText, benchGroup, createBenchJournal } from '../journal.ts';

const SHORT: BenchText = { text: 'is it 7', tokenTexts: ['is', ' ', 'it', ' ', '7', ''] };
/** Majorities that are told apart: judging takes much longer than writing. */
const [ANSWERS, SHARES] = [40, 50];

const known = new Map<string, GroupDetail>();

const [kind, folder, ...counts] = process.argv.slice(2);
if (!kind || !folder) throw new Error('usage: steps|long|live <folder> [counts]');
const numbers = counts.map(Number);
if (kind === 'steps') await writeSteps(folder, numbers);
else if (kind === 'long') await writeLong(folder, numbers);
else await writeLive(folder, numbers);

async function writeSteps(at: string, [problems = 0, steps = 0, groups = 0, rollouts = 0]: number[]): Promise<void> {
  rmSync(at, { recursive: true, force: true });
  const journal = await createBenchJournal(at, { problems, steps, groups, rollouts });
  for (let step = 1; step <= steps; step++) {
    for (let i = 0; i < groups; i++) journal.appendGroup(groupAt((step * groups + i) % problems, step, rollouts));
    append(journal, step);
  }
  journal.append({ type: 'end', reason: 'completed', step: steps });
  await journal.close();
}

function append(journal: Journal, step: number): void {
  const noise = Math.abs(Math.sin(step * 12.9898)) * 0.1;
  const shares = { proxyReward: 0.4 + step / 2500 + noise, groundTruthReward: 0.5 - step / 4000 + noise };
  const { seq: _, time: __, ...record } = stepRecord(0, step, { ...shares, loss: 1 / step });
  journal.append(record);
}

/** Problems agree more and more; every third becomes sure of a wrong answer. */
function groupAt(problem: number, step: number, rollouts: number): GroupDetail {
  const level = (step * 7 + problem * 13) % SHARES;
  const key = [problem % (3 * ANSWERS), level, step > 300].join(' ');
  let group = known.get(key);
  if (!group) {
    const [right, other] = [String(problem % ANSWERS), String((problem % ANSWERS) + 1)];
    const leading = problem % 3 === 0 && step > 300 ? other : right;
    const share = 0.3 + (0.7 * level) / SHARES;
    const answers = Array.from({ length: rollouts }, (_, i) => {
      const place = (i + 0.5) / rollouts;
      if (place < share) return leading;
      return place > 0.97 ? null : String(100 + ((i * 31 + level) % 9));
    });
    group = benchGroup({ problem, step }, answers, right, SHORT);
    known.set(key, group);
  }
  return { ...group, problem, step };
}

async function writeLong(at: string, [rollouts = 0, tokens = 0]: number[]): Promise<void> {
  rmSync(at, { recursive: true, force: true });
  const journal = await createBenchJournal(at, { problems: 1, steps: 2, groups: 1, rollouts });
  const words = ['so', ' we', ' have', ' 12', ' +', ' 30', ' =', ' 42', '.', '\n', 'Wait', ', let', ' me', ' check'];
  const tokenTexts = Array.from({ length: tokens }, (_, t) => words[(t * 5 + (t >> 4)) % words.length]!);
  const text: BenchText = {
    text: tokenTexts.join(''),
    tokenTexts,
    logprob: (t, i) => -(Math.sin((t + 1) * (i + 1) * 12.9898) ** 4),
  };
  const answers = Array.from({ length: rollouts }, (_, i) => (i % 3 === 0 ? '41' : '42'));
  for (const step of [1, 2]) {
    journal.appendGroup(benchGroup({ problem: 0, step }, answers, '0', text));
    append(journal, step);
  }
  journal.append({ type: 'end', reason: 'completed', step: 2 });
  await journal.close();
}

/** Groups and steps at a pace, until the time is over or nobody listens. */
async function writeLive(at: string, [pace = 0, seconds = 0, from = 1]: number[]): Promise<void> {
  const problems = (await readProblems(at)).length;
  const journal = await openJournalAtEnd(at);
  console.log('writing');
  const begun = performance.now();
  const groups = 64;
  let [written, step] = [0, from];
  const write = () => {
    const due = ((performance.now() - begun) / 1000) * pace;
    for (; written < due; written++) {
      const place = written % (groups + 1);
      if (place < groups) journal.appendGroup(groupAt((step * groups + place) % problems, step, 16));
      else append(journal, step++);
    }
    if (performance.now() - begun < seconds * 1000) return;
    clearInterval(timer);
    void journal.close();
  };
  const timer = setInterval(write, 5);
}
