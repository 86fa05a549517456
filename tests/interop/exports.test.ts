/** What other tools make of the exports: their own packages read what was written. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportInspect } from '../../engine/runs/export/inspect.ts';
import { type RolloutRow, rolloutRows } from '../../engine/runs/export/rows.ts';
import { metricsByStep } from '../../engine/runs/export/scalars.ts';
import { exportTrackio } from '../../engine/runs/export/trackio.ts';
import { exportWandb } from '../../engine/runs/export/wandb.ts';
import { interpreter, runPython } from '../support/interop.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { requireOrSkip } from '../support/skip.ts';

const python = interpreter('tools');
const there = requireOrSkip(
  'Python packages of the interop suite',
  python !== null,
  'node tests/interop/environments.mjs makes them',
);

let run: string;
beforeAll(async () => {
  run = join(temporaryFolder(), 'run');
  await writeRunFixture(run, { problems: 4, votes: 4, steps: 3, every: 2 });
});

describe.runIf(there)('Inspect', () => {
  test('reads every log, and computes the same accuracy', async () => {
    const out = join(temporaryFolder(), 'logs');
    await exportInspect(run, out);
    const printed = await runPython(
      python!,
      `
import json, sys
from inspect_ai.log import list_eval_logs, read_eval_log
for info in list_eval_logs(sys.argv[1]):
    log = read_eval_log(info)
    head = read_eval_log(info, header_only=True)
    assert head.samples is None and head.eval.task == log.eval.task and head.results == log.results
    right = [s.scores["correct"].as_float() for s in log.samples]
    print(json.dumps([log.eval.metadata["phase"], log.eval.metadata["step"], len(log.samples),
      sum(right) / len(right), log.results.scores[0].metrics["mean"].value, log.samples[0].output.completion,
      log.samples[0].output.choices[0].stop_reason]))
`,
      [out],
    );
    const logs = printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(logs).toHaveLength(readdirSync(out).length);
    const rows: RolloutRow[] = [];
    for await (const row of rolloutRows(run)) rows.push(row);
    for (const [phase, step, count, accuracy, stated, completion] of logs) {
      const mine = rows.filter((row) => row.phase === phase && row.step === step);
      expect([count, completion]).toEqual([mine.length, mine[0]!.text]);
      expect(accuracy).toBeCloseTo(mine.filter(({ correct }) => correct).length / mine.length, 12);
      expect(stated).toBeCloseTo(accuracy, 12);
    }
  });
});

describe.runIf(there)('Weights & Biases', () => {
  test('logs the lines offline with the script from the docs, and has the same numbers', async () => {
    const out = temporaryFolder();
    const path = join(out, 'metrics.jsonl');
    await exportWandb(run, path);
    const manual = readFileSync(join(ROOT, 'docs', 'exporting.md'), 'utf8');
    const [, script] = /^python -c '(.*)'$/m.exec(manual)!;
    const env = { WANDB_MODE: 'offline', WANDB_DIR: out, WANDB_SILENT: 'true' };
    await runPython(python!, `import os, sys; os.chdir(sys.argv[1])\n${script}`, [out], env);
    const printed = await runPython(
      python!,
      `
import glob, json, struct, sys
from wandb.proto import wandb_internal_pb2 as pb

def records(data):
    """LevelDB's log format behind a header of 7 bytes: blocks of 32 KiB, each record behind checksum, length and kind."""
    at, parts = 7, b""
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        parts += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield parts
            parts = b""

for data in records(open(glob.glob(sys.argv[1] + "/wandb/offline-run-*/*.wandb")[0], "rb").read()):
    record = pb.Record()
    record.ParseFromString(data)
    if record.WhichOneof("record_type") == "history":
        items = {"/".join(i.nested_key) or i.key: json.loads(i.value_json) for i in record.history.item}
        print(json.dumps(items))
`,
      [out],
    );
    const logged = printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const steps = await metricsByStep(run);
    expect(logged).toMatchObject(steps.map(({ step, values }) => ({ _step: step, ...values })));
  });
});

describe.runIf(there)('Trackio', () => {
  test('stores what is sent to its dashboard once', async () => {
    const home = temporaryFolder();
    const script = `
import sys, trackio
app = trackio.show(project="rollscope", open_browser=False, block_thread=False)
url = app[1] if isinstance(app, tuple) else app
print("url", [u for u in (app if isinstance(app, tuple) else [app]) if isinstance(u, str)], flush=True)
sys.stdin.read()
`;
    const env = {
      ...process.env,
      TRACKIO_DIR: home,
      HF_HOME: home,
      GRADIO_ANALYTICS_ENABLED: 'False',
      HF_HUB_OFFLINE: '1',
    };
    const dashboard = spawn(python!, ['-c', script], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const address = await new Promise<string>((resolve, reject) => {
        let text = '';
        dashboard.stdout.on('data', (chunk) => {
          text += chunk;
          const found = /https?:\/\/\S+?write_token=[\w-]+/.exec(text);
          if (found) resolve(found[0]);
        });
        dashboard.on('exit', () => reject(new Error(`The dashboard ended: ${text}`)));
      });
      await exportTrackio(run, address);
      await exportTrackio(run, address);
      const printed = await runPython(
        python!,
        'import json; from trackio.sqlite_storage import SQLiteStorage as s; print(json.dumps(s.get_logs("rollscope", "run")))',
        [],
        { TRACKIO_DIR: home, HF_HOME: home },
      );
      const logs = JSON.parse(printed.trim().split('\n').at(-1)!) as { step: number }[];
      const steps = await metricsByStep(run);
      expect(logs.toSorted((a, b) => a.step - b.step)).toMatchObject(
        steps.map(({ step, values }) => ({ step, ...values })),
      );
      expect(logs).toHaveLength(steps.length);
    } finally {
      dashboard.stdin.end();
      dashboard.kill();
    }
  });
});
