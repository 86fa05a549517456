/**
 * A run that the editor starts on verl: submitted to a Ray cluster with the settings of the machine, shown while verl writes its
 * dumps, stopped there, and submitted again. The job server is of the tests, and verl's files are made up: verl needs GPUs.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LENS_TITLES } from '../../extension/editor/texts.ts';
import { settingName } from '../../extension/editor-settings.ts';
import { temporaryFolder } from '../support/processes.ts';
import { RayServer } from '../support/ray-server.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';

const PROBLEMS = [
  { id: 'a', question: 'What is 1 + 2?', answer: '3' },
  { id: 'b', question: 'What is 2 + 5?', answer: '7' },
];

/** As verl writes a step, with what the reward manager of a job adds. */
function writeStep(outputs: string, step: number, answers: readonly string[]): void {
  mkdirSync(path.join(outputs, 'rollouts'), { recursive: true });
  const rows = PROBLEMS.flatMap(({ id, question, answer }) =>
    answers.map((said) => ({
      ...{ input: `user\n${question}\nassistant\n`, output: `\\boxed{${said}}`, gts: answer, step },
      ...{ score: said === answers[0] ? 1 : 0, acc: Number(said === answer), pred: said, problem_id: id },
    })),
  );
  writeFileSync(
    path.join(outputs, 'rollouts', `${step}.jsonl`),
    rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  );
}

describe.runIf(requireVsCode())('a run on verl', () => {
  /** Where the folder of the cluster is on this machine. */
  const mount = temporaryFolder();
  const machine: Record<string, unknown> = {
    [settingName('engine.kind')]: 'verl',
    [settingName('engine.outputs')]: '/cluster/outputs',
    [settingName('engine.mount')]: mount,
    [settingName('engine.nodes')]: 2,
    [settingName('engine.gpus')]: 4,
    [settingName('model')]: 'Qwen/Qwen3-0.6B',
    [settingName('steps')]: 5,
    [settingName('batch')]: 2,
    [settingName('votes')]: 4,
    [settingName('group')]: 4,
    [settingName('evaluationSamples')]: 0,
    [settingName('config')]: { evaluation: { greedy: false } },
  };
  let server: RayServer;
  beforeAll(async () => {
    server = await RayServer.open();
    machine[settingName('engine.address')] = server.url;
  });
  afterAll(() => server.leave());
  const code = useVsCode({
    files: { 'problems.jsonl': PROBLEMS.map((item) => `${JSON.stringify(item)}\n`).join('') },
    machine,
  });
  const shown = async (attributes: string) => {
    const panel = await code().workbench.webview('rs-problems');
    await panel.locator(`rs-header ${attributes}`).first().waitFor();
    return panel;
  };
  const submitted = async (count: number) => {
    await until('the job', () => server.jobs.length === count);
    server.job.status = 'RUNNING';
  };

  test('is submitted with the settings, shows what verl writes, and is stopped on the cluster', async () => {
    const { workbench } = code();
    // Nothing of the extension is loaded before somebody uses it.
    await workbench.views();
    await workbench.open('problems.jsonl');
    await workbench.codeLens(LENS_TITLES.train).click();
    await submitted(1);
    const outputs = /--out '(\/cluster\/outputs\/[^']+)'/.exec(server.job.request.entrypoint)?.[1];
    expect(outputs).toBeDefined();
    const overrides = JSON.parse(server.files().get('overrides.json')!.toString());
    expect(overrides).toEqual(expect.arrayContaining(['trainer.nnodes=2', 'trainer.n_gpus_per_node=4']));

    const folder = path.join(mount, path.basename(outputs!));
    writeStep(folder, 1, ['3', '3', '4', '3']);
    writeStep(folder, 2, ['7', '7', '7', '3']);
    server.print('(TaskRunner pid=1) step:1 - actor/grad_norm:0.1 - timing_s/step:12.5\n');
    const panel = await shown('[data-step="1"][data-status="running"]');
    writeStep(folder, 3, ['7', '7', '3', '3']);
    await shown('[data-step="2"][data-status="running"]');
    await panel.locator('rs-problems [data-problem]').first().waitFor();
    await workbench.shot('training with verl');

    await workbench.run('stop');
    await until('the job was stopped', () => server.job.status === 'STOPPED');
    await shown('[data-status="stopped"]');

    await workbench.runAndPick('resume', /problems/);
    await submitted(2);
    expect(server.job.request.entrypoint).toBe(server.jobs[0]!.request.entrypoint);
    writeStep(folder, 3, ['7', '7', '7', '3']);
    writeStep(folder, 4, ['7', '7', '7', '7']);
    writeStep(folder, 5, ['7', '7', '7', '7']);
    server.end('SUCCEEDED', 'Job finished successfully.');
    await shown('[data-step="5"][data-status="completed"]');
    await workbench.shot('verl has ended');
  });
});
