// Tools over standard input and output, for an agent that starts this program itself. Ends when its input ends. Nothing but
// messages of the protocol goes to standard output.

import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { type McpOptions, mcpServer } from './server.ts';

/** Resolves when the agent has gone. */
export async function serveMcpStdio(options: McpOptions): Promise<void> {
  const server = mcpServer(options);
  const gone = new Promise<void>((resolve) => {
    server.onclose = resolve;
    process.stdin.once('end', resolve);
  });
  await server.connect(new StdioServerTransport());
  await gone;
  await server.close();
}
