/** An agent in the editor: another extension calls the tools, and the open panel goes to the place of a link. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createVSIX } from '@vscode/vsce';
import { beforeAll, describe, expect, test } from 'vitest';
import { toolId } from '../../extension/ids.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';

const COMMAND = { command: 'agent.call', title: 'Agent: Call a Tool' };

/** An extension that calls the tool that is typed, and shows what it answers. */
const AGENT = `const vscode = require('vscode');
exports.activate = ({ subscriptions }) => {
  subscriptions.push(vscode.commands.registerCommand('${COMMAND.command}', async () => {
    const { name, input } = JSON.parse(await vscode.window.showInputBox());
    try {
      const { content } = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
      void vscode.window.showInformationMessage('Answer: ' + content.map(({ value }) => value).join(' '));
    } catch (error) {
      void vscode.window.showInformationMessage('Refusal: ' + error.message);
    }
  }));
};`;

async function agentExtension(): Promise<string> {
  const folder = temporaryFolder();
  const manifest = {
    ...{ name: 'agent', publisher: 'tests', version: '1.0.0', engines: { vscode: '^1.100.0' }, main: './agent.js' },
    ...{ activationEvents: [], contributes: { commands: [COMMAND] }, extensionKind: ['workspace'] },
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(path.join(folder, 'agent.js'), AGENT);
  writeFileSync(path.join(folder, 'LICENSE'), 'none');
  const packagePath = path.join(folder, 'agent.vsix');
  await createVSIX({ cwd: folder, packagePath, allowMissingRepository: true, dependencies: false });
  return packagePath;
}

const needed = requireVsCode();
const agent = needed ? await agentExtension() : '';

describe.runIf(needed)('an agent', () => {
  const code = useVsCode({ extensions: [agent], settings: { 'chat.disableAIFeatures': false } });
  const folder = () => path.join(code().home, 'runs', 'measured');

  beforeAll(async () => {
    mkdirSync(path.dirname(folder()), { recursive: true });
    await writeRunFixture(folder(), { problems: 24, steps: 12, every: 4 });
  });

  async function call(name: string, input: object): Promise<string> {
    const { workbench } = code();
    await workbench.clearToasts();
    await workbench.command(COMMAND.title, { stays: true });
    await workbench.answer(JSON.stringify({ name: toolId(name), input }));
    return (await (await workbench.notification(/Answer: |Refusal: /)).textContent())!;
  }

  test('reads runs, and points the open panel at a problem, a step and a rollout', async () => {
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
