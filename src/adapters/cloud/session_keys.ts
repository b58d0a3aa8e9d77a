// Temporary keys as the cloud gives them out: all that is known of a session stands in its token, closed with a code that only
// the cloud makes, and the secret key follows from the key's id. So nothing of them has to be kept, and a later process
// knows them as well. The key behind that is in this file: it makes good imitations, no walls.

import { createHmac, randomBytes } from 'node:crypto';
import { isObject, type Json } from '../../base/json.ts';
import { account } from './assign.ts';

export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly token: string;
  /** The arn of the role that was assumed, and what its session is called. */
  readonly role: string;
  readonly name: string;
  readonly expiresMs: number;
}

const prefix = 'ASIA';
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const key = 'the local cloud';

const code = (of: string): string => createHmac('sha256', key).update(of).digest('base64url');
const secretOf = (accessKeyId: string): string => code(`secret ${accessKeyId}`).slice(0, 40);

/** Does a key's id say that it is a temporary one? */
export function isTemporary(accessKeyId: string): boolean {
  return accessKeyId.startsWith(prefix);
}

export function newSession(of: Pick<Session, 'role' | 'name' | 'expiresMs'>): Session {
  const accessKeyId = prefix + Array.from(randomBytes(16), (byte) => letters[byte % letters.length]).join('');
  const { role, name, expiresMs } = of;
  const said = Buffer.from(JSON.stringify({ accessKeyId, role, name, expiresMs }), 'utf8').toString('base64url');
  const token = `${said}.${code(said)}`;
  return { accessKeyId, secretAccessKey: secretOf(accessKeyId), token, role, name, expiresMs };
}

/** The session of these keys, whether it has expired or not; undefined: they were not given out here, or not together. */
export function sessionOf(accessKeyId: string, token: string): Session | undefined {
  const [said = '', closed] = token.split('.');
  if (closed !== code(said)) return undefined;
  const session = JSON.parse(Buffer.from(said, 'base64url').toString('utf8')) as Json;
  if (!isObject(session) || session['accessKeyId'] !== accessKeyId) return undefined;
  const { role, name, expiresMs } = session as unknown as Session;
  return { accessKeyId, secretAccessKey: secretOf(accessKeyId), token, role, name, expiresMs };
}

/** Who calls with the keys of a session. */
export function assumedRoleArn({ role, name }: Pick<Session, 'role' | 'name'>): string {
  return `arn:aws:sts::${account}:assumed-role/${role.slice(role.lastIndexOf('/') + 1)}/${name}`;
}
