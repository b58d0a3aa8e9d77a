// Intent against reality, value by value.

import { describe, expect, test } from 'vitest';
import { differences } from '../../src/actions/drift.ts';
import type { Json } from '../../src/base/json.ts';
import type { Property } from '../../src/model/property.ts';
import type { VariantSpec } from '../../src/model/schema.ts';
import { openSpec } from '../support/model_world.ts';

const text: Property = { kind: 'string' };
const spec: VariantSpec = {
  ...openSpec,
  domain: {
    kind: 'object',
    properties: {
      text,
      port: { kind: 'integer', default: 80 },
      on: { kind: 'boolean' },
      size: { kind: 'string', enum: ['small', 'large'] },
      given: { kind: 'string', readOnly: true },
      token: { kind: 'string', writeOnly: true },
      secret: { kind: 'string', secret: true },
      policy: { kind: 'json' },
      labels: { kind: 'map', values: text },
      zones: { kind: 'array', items: text },
      groups: { kind: 'array', items: text, uniqueItems: true },
      tags: { kind: 'array', items: { kind: 'object', properties: { Key: text, Value: text } } },
      box: { kind: 'object', properties: { width: { kind: 'integer' }, id: { kind: 'string', readOnly: true } } },
      free: { kind: 'any' },
    },
  },
};

const found = (inputs: Json, payload: Json, isUnsent = false): string[] =>
  differences({ spec, inputs, payload, isUnsent }).map((d) => d.path);

describe('what differs', () => {
  test('[PL21] has the path and both values, in order', () => {
    const inputs = { text: 'a', port: 80, box: { width: 1 }, labels: { k: 'v', l: 'v' } };
    const payload = { text: 'b', port: 81, box: { width: 2 }, labels: { k: 'w', m: 'x' } };
    expect(differences({ spec, inputs, payload })).toEqual([
      { path: '/domain/box/width', intent: 1, reality: 2 },
      { path: '/domain/labels/k', intent: 'v', reality: 'w' },
      { path: '/domain/labels/l', intent: 'v', reality: undefined },
      { path: '/domain/labels/m', intent: undefined, reality: 'x' },
      { path: '/domain/port', intent: 80, reality: 81 },
      { path: '/domain/text', intent: 'a', reality: 'b' },
    ]);
  });

  test('[PL20] only of what both sides have', () => {
    expect(found({ text: 'a' }, { port: 80 })).toEqual([]);
    expect(found({ text: 'a', box: { width: 1 } }, { box: {}, text: null })).toEqual([]);
    expect(found({ text: 'a' }, null)).toEqual(['/domain']);
    expect(differences({ spec: openSpec, inputs: { a: 1, b: 1 }, payload: { a: 2, c: 3 } }).map((d) => d.path)).toEqual(
      ['/domain/a'],
    );
  });

  test('[PL20] nothing that is read-only, write-only or secret', () => {
    expect(
      found(
        { given: 'a', token: 'b', secret: 'c', box: { id: 'i' } },
        { given: 'x', token: 'y', secret: 'z', box: { id: 'j' } },
      ),
    ).toEqual([]);
  });

  test('[PL20] nothing that is the same in another way of writing', () => {
    expect(found({ policy: { a: [1] } }, { policy: '{ "a": [1] }' })).toEqual([]);
    expect(found({ policy: { a: [1] } }, { policy: '{ "a": [2] }' })).toEqual(['/domain/policy']);
    expect(found({ policy: '{' }, { policy: '{{' })).toEqual(['/domain/policy']);
    expect(found({ port: 80, on: true }, { port: '80', on: 'true' })).toEqual([]);
    expect(found({ port: 80, on: true }, { port: '81', on: 'false' })).toEqual(['/domain/on', '/domain/port']);
    expect(found({ size: 'small', text: 'a' }, { size: 'SMALL', text: 'A' })).toEqual(['/domain/text']);
    expect(found({ size: 'small' }, { size: 'LARGE' })).toEqual(['/domain/size']);
  });

  test('[PL20] lists by place, sets and keyed lists by content', () => {
    expect(found({ zones: ['a', 'b'] }, { zones: ['b', 'a'] })).toEqual(['/domain/zones/0', '/domain/zones/1']);
    expect(found({ zones: ['a', 'b'] }, { zones: ['a'] })).toEqual(['/domain/zones']);
    expect(found({ groups: ['a', 'b'] }, { groups: ['b', 'a'] })).toEqual([]);
    expect(found({ groups: ['a', 'b'] }, { groups: ['b', 'c'] })).toEqual(['/domain/groups']);
    const tag = (Key: string, Value: string): Json => ({ Key, Value });
    expect(found({ tags: [tag('a', '1'), tag('b', '2')] }, { tags: [tag('b', '2'), tag('a', '1')] })).toEqual([]);
    expect(found({ tags: [tag('a', '1'), tag('b', '2')] }, { tags: [tag('b', '3'), tag('a', '1')] })).toEqual([
      '/domain/tags',
    ]);
  });

  test('[PL20] in open values: what is declared counts, what is only reported does not', () => {
    expect(found({ free: { a: { b: 1 } } }, { free: { a: { b: 1, c: 2 } } })).toEqual([]);
    expect(found({ free: { a: { b: 1 } } }, { free: { a: { c: 2 } } })).toEqual(['/domain/free/a/b']);
  });

  test('[PL8] where nothing was sent: declared and not reported counts, a default and what is only reported do not', () => {
    expect(found({ text: 'a', port: 80, given: 'x', labels: {} }, { port: 81, labels: { k: 'v' } }, true)).toEqual([
      '/domain/text',
    ]);
    expect(found({ token: 't', box: { width: 1, id: 'i' } }, {}, true)).toEqual(['/domain/box/width', '/domain/token']);
  });

  test('[PL20] names that are members of every object are none of a value', () => {
    expect(found({ labels: { constructor: 'a', __proto__x: 'b' } }, { labels: {} })).toEqual([
      '/domain/labels/__proto__x',
      '/domain/labels/constructor',
    ]);
  });
});
