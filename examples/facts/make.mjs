/**
 * Writes `problems.jsonl` (for training) and `held-out.jsonl`: short questions of five kinds, 12 and 8 of each, drawn
 * and ordered by a seed, so that both files are the same wherever this runs.
 *
 * usage: node examples/facts/make.mjs [folder]      (default: beside this script)
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';

const [folder = import.meta.dirname] = process.argv.slice(2);
const SEED = 20250;
const PER_KIND = 12;
const HELD_OUT_PER_KIND = 8;

const pairs = (text) =>
  text
    .trim()
    .split(/,\s*/)
    .map((pair) => pair.split(/:\s*/));

/** Each kind: how its ids begin, how it asks, and what it asks about with the answer, 32 of each to draw from. */
const KINDS = {
  capital: {
    short: 'cap',
    ask: (country) => `What is the capital of ${country}?`,
    items: pairs(`France: Paris, Germany: Berlin, Italy: Rome, Spain: Madrid, Japan: Tokyo, China: Beijing,
      Russia: Moscow, Egypt: Cairo, Greece: Athens, Portugal: Lisbon, Austria: Vienna, Canada: Ottawa,
      Australia: Canberra, Norway: Oslo, Sweden: Stockholm, Poland: Warsaw, Turkey: Ankara, Ireland: Dublin,
      Finland: Helsinki, Denmark: Copenhagen, Hungary: Budapest, Kenya: Nairobi, Peru: Lima, Cuba: Havana,
      Thailand: Bangkok, Vietnam: Hanoi, Iran: Tehran, Iraq: Baghdad, Pakistan: Islamabad, Morocco: Rabat,
      Nigeria: Abuja, Switzerland: Bern`),
  },
  opposite: {
    short: 'opp',
    ask: (word) => `What is the opposite of ${word}?`,
    items: pairs(`hot: cold, good: bad, big: small, up: down, left: right, day: night, black: white, rich: poor,
      young: old, open: closed, early: late, fast: slow, high: low, hard: soft, wet: dry, light: dark, strong: weak,
      true: false, first: last, love: hate, war: peace, win: lose, push: pull, full: empty, near: far, inside: outside,
      sweet: bitter, north: south, east: west, clean: dirty, happy: sad, buy: sell`),
  },
  plural: {
    short: 'plural',
    ask: (word) => `What is the plural of ${word}?`,
    items: pairs(`mouse: mice, child: children, man: men, woman: women, foot: feet, tooth: teeth, goose: geese,
      ox: oxen, sheep: sheep, leaf: leaves, knife: knives, wolf: wolves, city: cities, baby: babies, box: boxes,
      bus: buses, potato: potatoes, tomato: tomatoes, cactus: cacti, person: people, half: halves, wife: wives,
      story: stories, church: churches, dish: dishes, hero: heroes, life: lives, shelf: shelves, country: countries,
      fox: foxes, dog: dogs, tree: trees`),
  },
  'past-tense': {
    short: 'past',
    ask: (verb) => `What is the past tense of ${verb}?`,
    items: pairs(`go: went, see: saw, eat: ate, run: ran, take: took, give: gave, write: wrote, drive: drove,
      speak: spoke, break: broke, choose: chose, fall: fell, grow: grew, know: knew, throw: threw, fly: flew,
      draw: drew, swim: swam, sing: sang, begin: began, buy: bought, think: thought, bring: brought, catch: caught,
      teach: taught, sleep: slept, keep: kept, feel: felt, leave: left, find: found, hold: held, stand: stood`),
  },
  parity: {
    short: 'parity',
    ask: (number) => `Is the number ${number} odd or even?`,
    items: Array.from({ length: 32 }, (_, index) => 3 + 3 * index).map((n) => [n, n % 2 === 0 ? 'even' : 'odd']),
  },
};

const random = mulberry32(SEED);
const training = [];
const heldOut = [];
for (const [kind, { short, ask, items }] of Object.entries(KINDS)) {
  const problems = shuffled(items).map(([about, answer]) => ({
    id: `${short}-${about}`,
    kind,
    question: ask(about),
    answer,
  }));
  training.push(...problems.splice(0, PER_KIND));
  heldOut.push(...problems.splice(0, HELD_OUT_PER_KIND));
}
write('problems.jsonl', training);
write('held-out.jsonl', heldOut);

/** One problem per line, sorted by id, so that a kind is in one place. */
function write(name, problems) {
  const lines = problems.sort((a, b) => (a.id < b.id ? -1 : 1)).map((problem) => `${JSON.stringify(problem)}\n`);
  writeFileSync(path.join(folder, name), lines.join(''));
}

/** Fisher-Yates. */
function shuffled(items) {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other], result[last]];
  }
  return result;
}

/** Numbers in [0, 1) from a 32-bit seed (Tommy Ettinger's mulberry32, public domain). */
function mulberry32(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
