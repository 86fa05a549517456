/** An agent in the editor: another extension, which calls the language model tools. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createVSIX } from '@vscode/vsce';
import { toolId } from '../../extension/ids.ts';
import { temporaryFolder } from './processes.ts';
import type { Workbench } from './workbench.ts';

const COMMAND = { command: 'agent.call', title: 'Agent: Call a Tool' };

/** Calls the tool whose name is typed, and shows its answer. */
const AGENT = `const vscode = require('vscode');
exports.activate = ({ subscriptions }) => {
  subscriptions.push(vscode.commands.registerCommand('${COMMAND.command}', async () => {
    const { name, input } = JSON.parse(await vscode.window.showInputBox({ ignoreFocusOut: true }));
    try {
      const { content } = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
      void vscode.window.showInformationMessage('Answer: ' + content.map(({ value }) => value).join(' '));
    } catch (error) {
      void vscode.window.showInformationMessage('Refusal: ' + error.message);
    }
  }));
};`;

/** The packaged extension, which runs in Restricted Mode too. */
export async function agentExtension(): Promise<string> {
  const folder = temporaryFolder();
  const manifest = {
    ...{ name: 'agent', publisher: 'tests', version: '1.0.0', engines: { vscode: '^1.100.0' }, main: './agent.js' },
    ...{ activationEvents: [], contributes: { commands: [COMMAND] }, extensionKind: ['workspace'] },
    capabilities: { untrustedWorkspaces: { supported: true } },
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(path.join(folder, 'agent.js'), AGENT);
  writeFileSync(path.join(folder, 'LICENSE'), 'none');
  const packagePath = path.join(folder, 'agent.vsix');
  await createVSIX({ cwd: folder, packagePath, allowMissingRepository: true, dependencies: false });
  return packagePath;
}

/** Calls a tool, and returns what the agent got: `Answer: …` or `Refusal: …`. */
export async function callTool(workbench: Workbench, name: string, input: object): Promise<string> {
  await workbench.clearToasts();
  await workbench.command(COMMAND.title, { stays: true });
  await workbench.answer(JSON.stringify({ name: toolId(name), input }));
  return (await (await workbench.notification(/Answer: |Refusal: /)).textContent())!;
}
