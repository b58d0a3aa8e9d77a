// Tools over streamable HTTP: one session for each agent that connects, known by an id that only the token that opened it may
// use. A session that is not used for a while is let go of; so is the oldest when there are too many.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { type McpOptions, mcpServer } from './server.ts';

interface Session {
  /** Id of the token, and the workspace, that it was opened with. */
  readonly owner: string;
  readonly server: Server;
  readonly transport: StreamableHTTPServerTransport;
  usedAtMs: number;
}

const sessionsMax = 1_000;
/** Of one owner: nobody's take the place of those of others. */
const sessionsOfOneMax = 50;
const idleMs = 30 * 60_000;

export class McpSessions {
  readonly #sessions = new Map<string, Session>();

  /** Takes one request of the protocol and answers it. `owner`: whose it is; `optionsOf`: for a session that begins with it. */
  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    by: { readonly owner: string; readonly body: unknown; readonly nowMs: number; readonly options: McpOptions },
  ): Promise<void> {
    const { owner, body, nowMs, options } = by;
    this.#forget(nowMs, owner);
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? this.#sessions.get(id) : undefined;
    if (known !== undefined && known.owner === owner) {
      known.usedAtMs = nowMs;
      await known.transport.handleRequest(request, response, body);
      return;
    }
    if (id !== undefined) {
      // As for one that never was: whose it is, is nobody else's business.
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null }));
      return;
    }
    const server = mcpServer(options);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (made) => {
        this.#sessions.set(made, { owner, server, transport, usedAtMs: nowMs });
      },
      onsessionclosed: (gone) => {
        this.#sessions.delete(gone);
      },
    });
    await server.connect(transport as never);
    await transport.handleRequest(request, response, body);
    if (transport.sessionId === undefined) await server.close();
  }

  async close(): Promise<void> {
    const all = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(all.map(({ server }) => server.close()));
  }

  #forget(nowMs: number, owner: string): void {
    const byUse = [...this.#sessions].sort(([, a], [, b]) => a.usedAtMs - b.usedAtMs);
    const own = byUse.filter(([, session]) => session.owner === owner);
    for (const [id, session] of own.slice(0, Math.max(0, own.length - sessionsOfOneMax))) {
      this.#sessions.delete(id);
      void session.server.close();
    }
    const tooMany = Math.max(0, byUse.length - sessionsMax);
    for (const [i, [id, session]] of byUse.entries()) {
      if (i >= tooMany && session.usedAtMs + idleMs > nowMs) break;
      this.#sessions.delete(id);
      void session.server.close();
    }
  }
}
