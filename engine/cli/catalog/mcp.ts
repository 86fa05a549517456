/** The MCP server for agents. */
import { type CommandDefinition, WHERE } from './define.ts';

export const mcp: CommandDefinition = {
  name: 'mcp',
  category: 'Machine',
  summary:
    'serve runs to an agent over stdio, with the Model Context Protocol (MCP); read-only unless the user agrees to start a run',
  sections: [
    {
      title: '',
      options: [{ flags: '--allow-start', help: 'start runs without asking the user for confirmation' }, WHERE],
    },
  ],
  json: false,
  examples: [['rollscope mcp', 'as the command of an MCP server in the configuration of an agent']],
  load: async () => (await import('../commands/mcp.ts')).mcp,
};
