import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { untilCount } from '../support/workbench.ts';

describe.runIf(requireVsCode())('the example on a real model', () => {
  const code = useVsCode({ files: { 'notes.md': 'A folder of mine.\n' } });
  const example = (...parts: string[]) => path.join(code().folder, 'facts', ...parts);

  test('is copied from the walkthrough, and its configurations can be started', async () => {
    const { workbench } = code();
    await workbench.run('getStarted');
    await workbench.page.getByText('Train a real model').click();
    await workbench.walkthrough('openExample');
    await workbench.tab('rollscope.json').waitFor();
    await untilCount(workbench.codeLens('Train'), 2);
    await workbench.shot('example configurations');
    expect(existsSync(example('problems.jsonl'))).toBe(true);
    expect(readFileSync(example('rollscope.json'), 'utf8')).toContain('HuggingFaceTB/SmolLM2-135M-Instruct');
  });

  test("keeps the user's changes, and touches nothing else with its name", async () => {
    const { workbench } = code();
    rmSync(example('held-out.jsonl'));
    await workbench.run('openExample');
    await workbench.tab('rollscope.json').waitFor();
    expect(existsSync(example('held-out.jsonl'))).toBe(false);
    rmSync(example('rollscope.json'));
    await workbench.run('openExample');
    await workbench.notification('exists, but is not the example');
    expect(existsSync(example('rollscope.json'))).toBe(false);
  });
});
