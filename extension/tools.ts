/** The tools for language models in VS Code: the same as those of `rollscope mcp`. A link also points the panel at its place. */
import * as vscode from 'vscode';
import { readRunFile } from '../engine/journal/reader.ts';
import { type Address, parseAddress } from '../engine/protocol/address.ts';
import { toErrorData } from '../engine/protocol/errors.ts';
import { checkInput, TOOLS, type ToolDefinition, toolResult } from '../engine/protocol/tools.ts';
import { visible } from '../engine/protocol/visible.ts';
import { type Program, runCli } from '../engine/view/command-line.ts';
import { toolId } from './ids.ts';
import { errorInEditor } from './remedies.ts';
import { plain } from './shown.ts';
import { refusedPrograms } from './trust.ts';

type Input = Record<string, unknown>;

/** @param open points the panel at a place */
export function registerTools(program: () => Program, open: (address: Address) => Promise<void>): vscode.Disposable {
  return vscode.Disposable.from(...TOOLS.map((tool) => register(tool, program, open)));
}

function register(
  tool: ToolDefinition,
  program: () => Program,
  open: (address: Address) => Promise<void>,
): vscode.Disposable {
  return vscode.lm.registerTool<Input>(toolId(tool.name), {
    prepareInvocation: ({ input }) => {
      if (tool.readOnly) return { invocationMessage: plain(tool.title) };
      const command = `rollscope ${(tool.args(input) ?? []).join(' ')}`;
      // As text, not as Markdown: values come from the model.
      const message = new vscode.MarkdownString().appendText(plain(command));
      return { invocationMessage: plain(tool.title), confirmationMessages: { title: 'Start this run?', message } };
    },
    invoke: async ({ input }, token) => {
      const stop = new AbortController();
      const listening = token.onCancellationRequested(() => stop.abort());
      try {
        const value = await resultOf(tool, input, program(), stop.signal);
        const link = tool.name === 'link' ? parseAddress(String((value as { link: string }).link)) : null;
        if (link) await open(link);
        return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(toolResult(value))]);
      } catch (error) {
        const { message, hint } = errorInEditor(toErrorData(error));
        throw new Error(visible([message, hint].filter(Boolean).join(' ')));
      } finally {
        listening.dispose();
      }
    },
  });
}

async function resultOf(tool: ToolDefinition, input: Input, program: Program, signal: AbortSignal): Promise<unknown> {
  checkInput(tool, input);
  const args = tool.args(input);
  if (args === null) return tool.shape!({}, input);
  if (!tool.readOnly) await checkTrust(input, program, signal);
  const { data } = await runCli(program, args, signal);
  const result = JSON.parse(data.trim().split('\n').at(-1)!) as Input;
  return tool.shape ? tool.shape(result, input) : result;
}

/**
 * A fork trains as its parent did, which may run programs. Other programs are refused by the command line itself.
 * @throws RollscopeError `config` in Restricted Mode
 */
async function checkTrust({ fork }: Input, program: Program, signal: AbortSignal): Promise<void> {
  if (vscode.workspace.isTrusted || fork === undefined) return;
  const [command, ...rest] = TOOLS.find(({ name }) => name === 'show_run')!.args({ run: fork })!;
  const { data } = await runCli(program, [command!, ...rest], signal);
  const { folder } = JSON.parse(data.trim().split('\n').at(-1)!) as { folder: string };
  const { config } = await readRunFile(folder);
  const refused = config && refusedPrograms(config);
  if (refused) throw refused;
}
