// Signature version 4 of a request as it came, made once more with the key that it should have been made with:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. Requests here are POSTs to `/`
// without a query.

import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface SignatureScope {
  /** YYYYMMDD. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  /** Their names, as they were signed. */
  readonly signedHeaders: readonly string[];
}

export interface SignedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const digest = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
const keyed = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest();

export function signatureOf(scope: SignatureScope, { headers, body }: SignedRequest, secretAccessKey: string): string {
  const { day, region, service, signedHeaders } = scope;
  const lines = signedHeaders.map((name) => `${name}:${textOf(headers[name])}\n`).join('');
  const canonical = `POST\n/\n\n${lines}\n${signedHeaders.join(';')}\n${digest(body)}`;
  const path = [day, region, service, 'aws4_request'];
  const text = `AWS4-HMAC-SHA256\n${textOf(headers['x-amz-date'])}\n${path.join('/')}\n${digest(canonical)}`;
  const key = path.reduce<string | Buffer>(keyed, `AWS4${secretAccessKey}`);
  return keyed(key, text).toString('hex');
}

function textOf(value: string | string[] | undefined): string {
  return [value ?? ''].flat().join(',').trim().replace(/ +/g, ' ');
}
