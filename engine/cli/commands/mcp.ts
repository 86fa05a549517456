/** `rollscope mcp`: tools for agents over stdio, using the Model Context Protocol. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { RollscopeError, toErrorData } from '../../protocol/errors.ts';
import { checkInput, inputSchema, TOOLS, type ToolDefinition, toolResult } from '../../protocol/tools.ts';
import { VERSION } from '../../protocol/version.ts';
import { visible, visibleLine } from '../../protocol/visible.ts';
import { END_SIGNALS, endBy } from '../../system/signals.ts';
import { runCommand } from '../mcp/run-command.ts';
import { EXIT } from '../output.ts';

/**
 * Serves until the client closes stdin or a signal arrives, then asks running commands to end.
 * @param options `allowStart`: runs start without asking the client's user
 */
export async function mcp(options: { out?: string; allowStart?: boolean }): Promise<number> {
  const over = new AbortController();
  const server = new Server({ name: 'rollscope', version: VERSION }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, async () => ({
    tools: TOOLS.map((tool) => ({
      name: tool.name,
      title: tool.title,
      description: tool.description,
      inputSchema: inputSchema(tool),
      annotations: { readOnlyHint: tool.readOnly, openWorldHint: false },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    try {
      const tool = TOOLS.find(({ name }) => name === params.name);
      if (!tool) throw unknownTool(params.name);
      const either = AbortSignal.any([signal, over.signal]);
      const value = await call(server, tool, params.arguments ?? {}, { ...options, signal: either });
      return { content: [{ type: 'text' as const, text: toolResult(value) }] };
    } catch (error) {
      const { message, hint } = toErrorData(error);
      const text = visible([message, hint].filter(Boolean).join(' '));
      return { content: [{ type: 'text' as const, text }], isError: true };
    }
  });
  const closed = new Promise<void>((resolve) => {
    server.onclose = resolve;
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
  });
  for (const name of END_SIGNALS) {
    process.once(name, () => {
      over.abort();
      endBy(name);
    });
  }
  await server.connect(new StdioServerTransport());
  await closed;
  over.abort();
  await server.close();
  return EXIT.ok;
}

interface CallOptions {
  out?: string;
  allowStart?: boolean;
  signal: AbortSignal;
}

async function call(server: Server, tool: ToolDefinition, input: Record<string, unknown>, options: CallOptions) {
  checkInput(tool, input);
  const args = tool.args(input);
  if (args === null) return tool.shape!({}, input);
  if (!tool.readOnly && !options.allowStart) await confirm(server, args);
  const [command, ...rest] = args;
  const where = options.out === undefined ? [] : [`--out=${options.out}`];
  const result = await runCommand([command!, ...where, ...rest], options.signal);
  return tool.shape ? tool.shape(result, input) : result;
}

/** Asks the user through the client. @throws RollscopeError if the client cannot ask, or the user declines */
async function confirm(server: Server, args: readonly string[]): Promise<void> {
  if (!server.getClientCapabilities()?.elicitation) {
    throw new RollscopeError(
      'usage',
      'This client cannot ask the user for confirmation, so no run is started.',
      `Start it in a terminal: rollscope ${args.join(' ')}. Or serve with: rollscope mcp --allow-start`,
      { details: { reason: 'no-confirmation' } },
    );
  }
  const { action } = await server.elicitInput({
    message: visibleLine(`Start this run? rollscope ${args.join(' ')}`),
    requestedSchema: { type: 'object', properties: {} },
  });
  if (action === 'accept') return;
  throw new RollscopeError('canceled', 'The user declined to start the run.', undefined, {
    details: { reason: 'declined' },
  });
}

function unknownTool(name: string): RollscopeError {
  const hint = `There are: ${TOOLS.map((tool) => tool.name).join(', ')}.`;
  return new RollscopeError('usage', `There is no tool '${name}'.`, hint, {
    details: { reason: 'unknown-tool', value: name },
  });
}
