/** An agent in the editor: another extension calls the tools, and the open panel goes to the place of a link. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { agentExtension, callTool } from '../support/agent.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';

const needed = requireVsCode();
const agent = needed ? await agentExtension() : '';

describe.runIf(needed)('an agent', () => {
  const code = useVsCode({ extensions: [agent], settings: { 'chat.disableAIFeatures': false } });
  const folder = () => path.join(code().home, 'runs', 'measured');

  beforeAll(async () => {
    mkdirSync(path.dirname(folder()), { recursive: true });
    await writeRunFixture(folder(), { problems: 24, steps: 12, every: 4 });
  });

  const call = (name: string, input: object) => callTool(code().workbench, name, input);

  test('reads runs, and shows a problem, a step and a rollout in the open panel', async () => {
    const { workbench } = code();
    // The extension is there once one of its views was seen.
    await workbench.views();
    await workbench.treeRows('runs').first().click();
    const panel = await workbench.webview('rs-header [data-run="measured"]');
    expect(await call('list_runs', {})).toContain('measured');
    const place = { folder: folder(), problem: 'sum-05', step: 6, rollout: 4 };
    expect(await call('link', place)).toMatch(/Answer: .*vscode:\/\/.*sum-05/);
    await panel.locator('rs-inspector [data-problem="sum-05"]').waitFor();
    await panel.locator('rs-scrubber [role="slider"][aria-valuenow="6"]').waitFor();
    await panel.locator('rs-rollout [data-rollout="4"], [data-tab="rollout"]').first().waitFor();
    await workbench.shot('place of an agent');
  });
});
