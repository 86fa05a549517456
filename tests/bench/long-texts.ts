/**
 * The longest that each reader of foreign text takes for one of a megabyte:
 *   <characters> <milliseconds> [part of a name]   prints what takes longer on a kind of text, and the worst of each reader
 * CPU time of this process, the least of three, so that other programs do not count. The last line is JSON.
 */
import { ENTRIES, type Entry, GROUPS, TEXTS } from '../support/long-texts.ts';

const [characters, limit, part = ''] = process.argv.slice(2);
const length = Number(characters);
/** @param every so many of the texts */
const worst = (entries: readonly Entry[], rounds: number, every: number) =>
  entries
    .filter(({ name }) => name.includes(part))
    .map(({ name, prepare, texts = 1 }) => {
      let slowest = { milliseconds: 0, text: '' };
      for (const { name: text, of } of TEXTS.filter((_, i) => i % every === 0)) {
        const milliseconds = least(prepare(of(length)), rounds, `${name} on ${text}`) / texts;
        if (milliseconds > slowest.milliseconds) slowest = { milliseconds, text };
        if (milliseconds > Number(limit)) console.log(`${milliseconds.toFixed(1)} ms  ${name} on ${text}`);
      }
      return { name, ...slowest };
    });

/** The first is repeated only where it took long. */
function least(work: () => unknown, rounds: number, what: string): number {
  let found = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    try {
      work();
    } catch (error) {
      console.log(`${what} throws ${String(error)}`);
    }
    const { user, system } = process.cpuUsage(before);
    found = Math.min(found, (user + system) / 1000);
    if (found < Number(limit) / 3) break;
  }
  return found;
}

// what is slow before it was compiled is not what is looked for
for (const { prepare } of [...ENTRIES, ...GROUPS]) {
  for (const { of } of TEXTS) {
    try {
      prepare(of(300))();
    } catch {
      // told below
    }
  }
}
const found = [...worst(ENTRIES, 3, 1), ...worst(GROUPS, 1, 8)];
console.log(JSON.stringify({ worst: found.sort((a, b) => b.milliseconds - a.milliseconds) }));
