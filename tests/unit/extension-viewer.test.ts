/** Which run the panel shows, when several are asked for at once, and how long a run stays open. */
import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { Emitter } from '../../engine/messages/json-rpc.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import type { EngineService } from '../../extension/engine/service.ts';
import { RunLibrary } from '../../extension/run/library.ts';
import type { RunSession } from '../../extension/run/session.ts';
import { RunViewer } from '../../extension/run/viewer.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { until } from '../support/wait.ts';

/** Six small runs. */
async function runs(): Promise<{ root: string; folders: string[] }> {
  const root = temporaryFolder();
  const folders = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => path.join(root, name));
  for (const folder of folders) await writeRunFixture(folder, { problems: 2, votes: 2, steps: 1 });
  return { root, folders };
}

/** A window without an engine. */
function windowOn(root: string) {
  const active = new Emitter<OpenRun | null>();
  const session = { active: null as OpenRun | null, onDidChangeActive: active.event };
  const screen = {
    shown: null as OpenRun | null,
    isStarting: false,
    opened: 0,
    setRun(run: OpenRun | null) {
      screen.shown = run;
    },
    open() {
      screen.opened++;
    },
  };
  const library = new RunLibrary(
    () => root,
    session as unknown as RunSession,
    (run) => screen.shown === run,
  );
  const engine = { reattach: vi.fn(async () => null), find: async () => [] };
  const viewer = new RunViewer({
    engine: engine as unknown as EngineService,
    session: session as unknown as RunSession,
    library,
    screen,
    report: (error) => {
      throw error;
    },
  });
  const activate = (run: OpenRun | null) => {
    session.active = run;
    active.fire(run);
  };
  return { session, screen, library, viewer, engine, activate };
}

const { open } = OpenRun;
/** Folders that are slow, by the moment when they may be opened. */
const gates = new Map<string, { asked: boolean; gate: Promise<void> }>();
vi.spyOn(OpenRun, 'open').mockImplementation(async (folder) => {
  const slowly = gates.get(folder);
  if (slowly) {
    slowly.asked = true;
    await slowly.gate;
  }
  return open.call(OpenRun, folder);
});

/** Makes a folder slow: its run is not found before it is let go. */
function slow(folder: string): { go(): void; asked(): boolean } {
  let go!: () => void;
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const one = { asked: false, gate };
  gates.set(folder, one);
  return { go, asked: () => one.asked };
}

describe('of several runs that are opened', () => {
  test('the last one is shown, even if an earlier one is found later', async () => {
    const { root, folders } = await runs();
    const { viewer, screen } = windowOn(root);
    const a = slow(folders[0]!);
    const first = viewer.open(folders[0]!);
    const second = viewer.open(folders[1]!);
    const shown = await second;
    a.go();
    await first;
    expect(screen.shown).toBe(shown);
    expect(shown.run).toBe('b');
  });

  test('the same holds for a problem, for the panel and for a start', async () => {
    const { root, folders } = await runs();
    const { viewer, screen, library } = windowOn(root);
    const a = slow(folders[0]!);
    const looking = viewer.look(folders[0]!);
    const c = await library.take(folders[2]!);
    viewer.show(c);
    a.go();
    expect(await looking).toBeNull();
    expect(screen.shown).toBe(c);

    screen.setRun(null);
    const list = vi.spyOn(library, 'newest');
    const opening = viewer.openPanel();
    await viewer.open(folders[1]!);
    await opening;
    expect(list).toHaveBeenCalled();
    expect(screen.shown!.run).toBe('b');
  });

  test('one that is reloaded in the background does not replace it', async () => {
    const { root, folders } = await runs();
    const { viewer, screen } = windowOn(root);
    const former = await viewer.open(folders[0]!);
    const b = slow(folders[1]!);
    const opening = viewer.open(folders[1]!);
    await viewer.readAgain(former);
    expect(screen.shown).not.toBe(former);
    expect(screen.shown!.run).toBe('a');
    b.go();
    await opening;
    expect(screen.shown!.run).toBe('b');
  });
});

describe('the panel of the previous window', () => {
  test('shows the run that it remembers', async () => {
    const { root } = await runs();
    const { viewer, screen } = windowOn(root);
    await viewer.restore('c');
    expect(screen.shown!.run).toBe('c');
  });

  test('does not replace a run that was opened in the meantime, or is being opened', async () => {
    const { root, folders } = await runs();
    for (const moment of ['opened', 'being opened'] as const) {
      const { viewer, screen } = windowOn(root);
      const c = slow(folders[2]!);
      const restoring = viewer.restore('c');
      await until('it is looked for', c.asked);
      const b = moment === 'opened' ? null : slow(folders[1]!);
      const opening = viewer.open(folders[1]!);
      if (!b) await opening;
      c.go();
      await restoring;
      b?.go();
      await opening;
      expect(screen.shown!.run).toBe('b');
    }
  });
});

describe('open runs', () => {
  const disposedOf = (run: OpenRun) => vi.spyOn(run, 'dispose');

  test('are closed when others were used more recently, but not while they are shown, followed or awaited', async () => {
    const { root, folders } = await runs();
    const { library, screen, activate } = windowOn(root);
    const [a, b, c] = [
      await library.take(folders[0]!),
      await library.take(folders[1]!),
      await library.take(folders[2]!),
    ];
    const closed = { a: disposedOf(a), b: disposedOf(b), c: disposedOf(c) };
    screen.setRun(a);
    activate(b);
    for (const folder of folders.slice(3)) await library.read(folder);
    await library.read(folders[0]!);
    await library.read(folders[3]!);
    await until('c is closed', () => closed.c.mock.calls.length === 1);
    expect([closed.a.mock.calls.length, closed.b.mock.calls.length]).toEqual([0, 0]);
    expect(await library.take(folders[2]!)).not.toBe(c);

    // Once nothing uses them anymore.
    activate(null);
    screen.setRun(null);
    for (const folder of folders.slice(2)) await library.read(folder);
    await until('the others are closed too', () => closed.a.mock.calls.length + closed.b.mock.calls.length === 2);
  });

  test('stop reading their journal when they are closed', async () => {
    const { root, folders } = await runs();
    const { library } = windowOn(root);
    const run = await library.take(folders[0]!);
    const closed = disposedOf(run);
    library.forget(folders[0]!);
    await until('it is closed', () => closed.mock.calls.length === 1);
    const again = await library.read(folders[0]!);
    expect([again === run, again.loadedPart]).toEqual([false, 1]);
  });

  test('that somebody waits for are read to the end', async () => {
    const { root, folders } = await runs();
    const { library } = windowOn(root);
    const read = await Promise.all(folders.map((folder) => library.read(folder)));
    expect(read.map(({ loadedPart }) => loadedPart)).toEqual(folders.map(() => 1));
  });

  test('are read again once they are back after a failure', async () => {
    const { root, folders } = await runs();
    const { library } = windowOn(root);
    rmSync(folders[0]!, { recursive: true });
    await expect(library.read(folders[0]!)).rejects.toMatchObject({ code: 'run-not-found' });
    await writeRunFixture(folders[0]!, { problems: 2, votes: 2, steps: 1 });
    expect((await library.read(folders[0]!)).loadedPart).toBe(1);
  });
});

test('a run that turns out to be damaged when it is opened becomes unreadable in the list as well', async () => {
  const { root, folders } = await runs();
  const { viewer, library } = windowOn(root);
  const events = path.join(folders[1]!, 'events.jsonl');
  const whole = readFileSync(events, 'utf8');
  const { atime, mtime } = statSync(events);
  const statuses = async () => (await library.listPage()).runs.map(({ run, status }) => `${run} ${status}`);
  expect(await statuses()).toContain('b completed');
  // A list does not read what has neither another size nor another time.
  writeFileSync(events, whole.replace('"rollouts":2', '"rollouts":x'));
  utimesSync(events, atime, mtime);
  expect(await statuses()).toContain('b completed');
  let changes = 0;
  library.onDidChange(() => changes++);
  const run = await viewer.open(folders[1]!);
  await expect(run.loaded).rejects.toMatchObject({ code: 'run-broken' });
  await until('the list changes', () => changes > 0);
  expect(await statuses()).toContain('b unreadable');
  writeFileSync(events, whole);
  await viewer.readAgain(run);
  await library.read(folders[1]!);
  expect(await statuses()).toContain('b completed');
});
