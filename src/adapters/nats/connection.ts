// A connection to NATS: made once or refused with the reason, and then kept for as long as it is wanted, however often the
// server goes away. Whoever counts silence asks `isUp` first: while NATS is away nobody can be heard.

import { readFileSync } from 'node:fs';
import type { NatsConnection } from '@nats-io/transport-node';
import { connect, createInbox, credsAuthenticator, RequestError } from '@nats-io/transport-node';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';
import type { NatsAddress } from './address.ts';

export interface NatsLink {
  readonly connection: NatsConnection;
  readonly isUp: boolean;
  /** Bytes of one message at most, as the server says. */
  readonly payloadBytesMax: number;
  /** A subject for answers that nobody else has. */
  inbox(): string;
  close(): Promise<void>;
}

export interface LinkOptions {
  readonly address: NatsAddress;
  /** Who it is, for people who look at the server. */
  readonly name: string;
  /** File with credentials (a JWT and its key), as `nsc` writes it. */
  readonly creds?: string;
  /** Hears that the server went away or is back. */
  readonly moved?: (isUp: boolean) => void;
}

const reconnectMs = 250;
/** A connection that nothing comes over is found dead well before a lease is over. */
const pingMs = 2_000;

/** Faults: `dispatch_unavailable`. */
export async function openLink({ address, name, creds, moved = () => {} }: LinkOptions): Promise<NatsLink> {
  const { servers, isSecured, user, password, token, installation } = address;
  // So that rights may name whose answers somebody hears: slips come as answers, too.
  const inboxPrefix = `_INBOX.${installation}`;
  const connection = await connect({
    servers: [...servers],
    name,
    inboxPrefix,
    ...(isSecured ? { tls: {} } : {}),
    ...(user === undefined ? {} : { user, pass: password! }),
    ...(token === undefined ? {} : { token }),
    ...(creds === undefined ? {} : { authenticator: credsAuthenticator(credsIn(creds)) }),
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectMs,
    reconnectJitter: reconnectMs,
    ignoreAuthErrorAbort: true,
    pingInterval: pingMs,
    maxPingOut: 2,
    timeout: limits.natsAskMs,
  }).catch((e: unknown) => {
    throw unavailable(servers, e);
  });
  let isUp = true;
  const follow = async (): Promise<void> => {
    for await (const { type } of connection.status()) {
      if (type !== 'disconnect' && type !== 'reconnect') continue;
      isUp = type === 'reconnect';
      moved(isUp);
    }
  };
  void follow();
  return {
    connection,
    get isUp() {
      return isUp && !connection.isClosed();
    },
    get payloadBytesMax() {
      return connection.info?.max_payload ?? limits.natsPartBytes;
    },
    inbox: () => createInbox(inboxPrefix),
    close: async () => {
      if (connection.isClosed()) return;
      // What was said last is on its way; a server that is away is not waited for.
      if (isUp) await Promise.race([connection.flush(), sleep(limits.natsAskMs)]);
      await connection.close();
    },
  };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

function credsIn(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (e) {
    throw new Fault('dispatch_unavailable', `the file of credentials cannot be read: ${messageOf(e)}`);
  }
}

function unavailable(servers: readonly string[], e: unknown): Fault {
  if (e instanceof Fault) return e;
  const hint = 'start it, or correct the address and the credentials';
  return new Fault('dispatch_unavailable', `NATS at ${servers.join(', ')}: ${messageOf(e)}; ${hint}`, undefined, {
    cause: e,
  });
}

export const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));

/** Of a question: nobody was there who could have heard it. */
export const isUnheard = (e: unknown): boolean => e instanceof RequestError && e.isNoResponders();
