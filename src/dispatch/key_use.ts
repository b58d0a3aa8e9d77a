// Concurrency keys as functions declare them: a name with places in it that are filled from the component, so that calls for
// the same account and region share what a provider lets through, and others do not wait for them.

import { isObject, type Json } from '../base/json.ts';
import { limits as bounds } from '../base/limits.ts';
import type { KeyLimits } from './key_gate.ts';

/** `template`: text with `{/pointer}` in it, such as `aws/{/domain/Region}`. */
export interface DeclaredKey {
  readonly template: string;
  readonly limits: KeyLimits;
}

/** A key in use. */
export interface KeyUse {
  readonly key: string;
  readonly limits: KeyLimits;
}

const keyText = /^(?:[A-Za-z0-9._:-]+|\/|\{(?:\/[A-Za-z0-9 _.:-]+)+\})+$/;
const place = /\{((?:\/[A-Za-z0-9 _.:-]+)+)\}/g;
const setting = /^(at-once|per-second|burst)=([0-9]{1,6}(?:\.[0-9]{1,3})?)$/;
const named = { 'at-once': 'atOnceMax', 'per-second': 'perSecond', burst: 'burst' } as const;

/** From the words of `@key NAME [at-once=N] [per-second=N] [burst=N]`; undefined when they are none. */
export function parseKey([template = '', ...settings]: readonly string[]): DeclaredKey | undefined {
  if (!keyText.test(template) || template.length > bounds.nameCharsMax) return undefined;
  const limits: { -readonly [L in keyof KeyLimits]: number } = {};
  for (const word of settings) {
    const match = setting.exec(word);
    if (match === null) return undefined;
    const limit = named[match[1] as keyof typeof named];
    const value = Number(match[2]);
    if (limits[limit] !== undefined || value <= 0 || (limit !== 'perSecond' && !Number.isInteger(value)))
      return undefined;
    limits[limit] = value;
  }
  return { template, limits };
}

/** What the key is for a component; what is not there leaves its place empty. */
export function keyFor({ template, limits }: DeclaredKey, properties: Json): KeyUse {
  return { key: template.replaceAll(place, (_, pointer: string) => textAt(properties, pointer)), limits };
}

function textAt(value: Json, pointer: string): string {
  let at: Json | undefined = value;
  for (const name of pointer.slice(1).split('/'))
    at = isObject(at) && Object.hasOwn(at, name) ? at[name] : Array.isArray(at) ? at[Number(name)] : undefined;
  return at === undefined || at === null ? '' : typeof at === 'string' ? at : JSON.stringify(at);
}
