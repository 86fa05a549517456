/** Run folders as an attacker, another version or a broken disk leaves them, each made from an intact run. */
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { hostile } from './hostile-run.ts';

type Value = Record<string, unknown>;

/** Changes each record of a JSONL file; `null` drops it, an array replaces it by several. */
function records(run: string, file: string, change: (record: Value, i: number) => Value | Value[] | null): void {
  const lines = readFileSync(path.join(run, file), 'utf8').trimEnd().split('\n');
  const changed = lines.flatMap((line, i) => change(JSON.parse(line) as Value, i) ?? []);
  writeFileSync(path.join(run, file), changed.map((item) => `${JSON.stringify(item)}\n`).join(''));
}

function runFile(run: string, change: (file: Value) => Value): void {
  const file = path.join(run, 'run.json');
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')) as Value)));
}

/** Replaces every number in a value, at any depth. */
function numbers(value: unknown, as: (n: number, key: string) => unknown, key = ''): unknown {
  if (typeof value === 'number') return as(value, key);
  if (Array.isArray(value)) return value.map((item) => numbers(item, as, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, numbers(one, as, name)]));
}

const of = (type: string, change: (record: Value) => Value) => (record: Value) =>
  record.type === type ? change(record) : record;

/** The target of a link out of the folder; nothing may show it. */
export const SECRET = 'SECRET-OF-ANOTHER-FOLDER';

/** Each modifies an intact run; `outside` is a folder that does not belong to the run. */
export const HOSTILE_FOLDERS: Record<string, (run: string, outside: string) => void> = {
  'values of other types': (run) =>
    records(run, 'events.jsonl', (record, i) =>
      i % 3 === 2 ? { ...record, step: 'x', metrics: [], clusters: {} } : record,
    ),
  'huge numbers': (run) =>
    records(
      run,
      'events.jsonl',
      of('group', (record) => ({ ...record, rollouts: 2 ** 53 - 1, problem: record.problem, unanswered: 2 ** 53 - 1 })),
    ),
  'a huge step': (run) =>
    records(
      run,
      'events.jsonl',
      of('step', (record) => ({ ...record, step: 2 ** 53 - 1 })),
    ),
  'huge metrics': (run) =>
    records(
      run,
      'events.jsonl',
      of('step', (record) => ({
        ...record,
        metrics: numbers(record.metrics, (n, key) => (/skipped|^tokens/.test(key) ? n : 1e308)),
      })),
    ),
  'a huge count of problems': (run) =>
    records(
      run,
      'events.jsonl',
      of('run', (record) => ({ ...record, problems: 2 ** 53 - 1 })),
    ),
  'a group of a huge problem': (run) =>
    records(
      run,
      'events.jsonl',
      of('group', (record) => ({ ...record, problem: 4_294_967_295 })),
    ),
  'no rollouts': (run) => rmSync(path.join(run, 'rollouts-000.bin')),
  'no problems': (run) => rmSync(path.join(run, 'problems.jsonl')),
  'no records': (run) => writeFileSync(path.join(run, 'events.jsonl'), ''),
  'its own parent': (run) =>
    runFile(run, (file) => ({ ...file, parent: { run: path.basename(run), folder: run, step: 1 } })),
  'a parent elsewhere': (run, outside) =>
    runFile(run, (file) => ({ ...file, parent: { run: hostile('parent'), folder: outside, step: 2 ** 53 - 1 } })),
  'rollouts by a link': (run, outside) => {
    rmSync(path.join(run, 'rollouts-000.bin'));
    symlinkSync(path.join(outside, 'secret.txt'), path.join(run, 'rollouts-000.bin'));
  },
  'problems by a link': (run, outside) => {
    rmSync(path.join(run, 'problems.jsonl'));
    symlinkSync(path.join(outside, 'secret.txt'), path.join(run, 'problems.jsonl'));
  },
  'checkpoints by a link': (run, outside) => {
    rmSync(path.join(run, 'checkpoints'), { recursive: true, force: true });
    symlinkSync(outside, path.join(run, 'checkpoints'));
  },
  'a configuration by a link': (run, outside) => {
    rmSync(path.join(run, 'run.json'));
    symlinkSync(path.join(outside, 'secret.txt'), path.join(run, 'run.json'));
  },
  'names with control characters': (run) =>
    records(run, 'problems.jsonl', (problem) => ({
      ...problem,
      id: hostile(String(problem.id)),
      source: hostile('x'),
    })),
  'a newer format': (run) =>
    runFile(run, (file) => ({ ...file, format: 99, versions: { rollscope: hostile('9.9.9') } })),
  'a format of no kind': (run) => runFile(run, (file) => ({ ...file, format: '3' })),
  'half a record': (run) => {
    const events = path.join(run, 'events.jsonl');
    truncateSync(events, readFileSync(events).length - 40);
  },
  'half a record in the middle': (run) => {
    const events = path.join(run, 'events.jsonl');
    const lines = readFileSync(events, 'utf8').split('\n');
    lines[3] = lines[3]!.slice(0, 50);
    writeFileSync(events, lines.join('\n'));
  },
  'two records in a line': (run) => {
    const events = path.join(run, 'events.jsonl');
    writeFileSync(events, readFileSync(events, 'utf8').replace('}\n{', '}{'));
  },
  'zeros after the records': (run) => appendFileSync(path.join(run, 'events.jsonl'), `${'\0'.repeat(4096)}\n`),
  'one id for all problems': (run) => records(run, 'problems.jsonl', (problem) => ({ ...problem, id: 'same' })),
  'groups twice': (run) => {
    let seq = 0;
    records(run, 'events.jsonl', (record) =>
      record.type === 'group'
        ? [
            { ...record, seq: seq++ },
            { ...record, seq: seq++ },
          ]
        : { ...record, seq: seq++ },
    );
  },
  'steps that go back': (run) =>
    records(run, 'events.jsonl', (record) =>
      'step' in record && record.type !== 'warning' ? { ...record, step: 1 } : record,
    ),
  'names of the language': (run) => {
    records(run, 'problems.jsonl', (problem, i) => ({
      ...problem,
      id: ['__proto__', 'constructor', 'toString'][i] ?? 'x',
    }));
    records(
      run,
      'events.jsonl',
      of('group', (record) => ({
        ...record,
        clusters: (record.clusters as Value[]).map((cluster) => ({ ...cluster, answer: '__proto__' })),
      })),
    );
  },
  'counts that do not add up': (run) =>
    records(
      run,
      'events.jsonl',
      of('group', (record) => ({ ...record, rollouts: 1, unanswered: 50, truncated: 90 })),
    ),
  'pointers to elsewhere': (run) =>
    records(
      run,
      'events.jsonl',
      of('group', (record) => ({ ...record, frame: { file: '../../outside/secret.txt', offset: 0, length: 10 } })),
    ),
  'pointers beyond the end': (run) =>
    records(
      run,
      'events.jsonl',
      of('group', (record) => ({ ...record, frame: { file: 'rollouts-000.bin', offset: 2 ** 52, length: 2 ** 52 } })),
    ),
  'all pointers to one place': (run) => {
    let first: unknown;
    records(
      run,
      'events.jsonl',
      of('group', (record) => {
        first ??= record.frame;
        return { ...record, frame: first };
      }),
    );
  },
  'a configuration of nonsense': (run) =>
    runFile(run, (file) => ({
      ...file,
      config: numbers(file.config, () => -1e300) as Value,
      created: hostile('never'),
    })),
  'a time of no kind': (run) => {
    runFile(run, (file) => ({ ...file, created: hostile('tomorrow') }));
    records(run, 'events.jsonl', (record) => ({ ...record, time: hostile('tomorrow') }));
  },
  'nesting without end': (run) =>
    appendFileSync(path.join(run, 'events.jsonl'), `${'['.repeat(200_000)}${']'.repeat(200_000)}\n`),
  'a long line': (run) => appendFileSync(path.join(run, 'events.jsonl'), `"${'x'.repeat(8_000_000)}"\n`),
  'folders for files': (run) => {
    for (const name of ['notes.json', 'prompts.jsonl', 'view.index']) {
      rmSync(path.join(run, name), { recursive: true, force: true });
      mkdirSync(path.join(run, name));
    }
  },
  'a lock of another': (run) =>
    writeFileSync(path.join(run, 'lock'), JSON.stringify({ pid: -1, host: hostile('host'), started: {} })),
  'notes of another': (run) => writeFileSync(path.join(run, 'notes.json'), '{"notes":[{"id":"__proto__","text":5}]}'),
};
