// What functions give is held against the property it goes to.

import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { findMisfit } from '../../src/builtins/fit.ts';
import type { Property } from '../../src/model/property.ts';

const text: Property = { kind: 'string' };
const box: Property = {
  kind: 'object',
  properties: {
    size: { kind: 'integer', minimum: 1, maximum: 9 },
    tags: { kind: 'map', values: text },
    next: { kind: 'ref', to: 'Box' },
  },
};
const code = (p: Property, value: Json) => findMisfit(p, value, { Box: box })?.code;

describe('a result', () => {
  test.each<[Property, Json]>([
    [text, 'a'],
    [{ kind: 'number' }, 1],
    [{ kind: 'integer', minimum: 1 }, 1],
    [{ kind: 'string', enum: ['a', 'b'] }, 'b'],
    // What a pattern, a format or presence asks for is said by the validation.
    [{ kind: 'string', pattern: '^a$', format: 'email', required: true }, 'b'],
    [{ kind: 'json' }, { a: [1] }],
    [{ kind: 'any' }, [1, 'a', null]],
    [{ kind: 'array', items: text }, ['a', null]],
    [{ kind: 'object' }, { a: 1 }],
    [
      { kind: 'map', values: { kind: 'integer' } },
      { a: 1, b: null },
    ],
    [
      { kind: 'ref', to: 'Box' },
      { size: 3, tags: { a: 'b' }, next: { size: 4, next: null } },
    ],
  ])('that fits is taken: %j takes %j', (p, value) => {
    expect(findMisfit(p, value, { Box: box })).toBeUndefined();
  });

  test.each<[Property, Json, string]>([
    [text, 1, 'kind_mismatch'],
    [text, ['a'], 'kind_mismatch'],
    [{ kind: 'integer' }, 1.5, 'kind_mismatch'],
    [{ kind: 'boolean' }, 'true', 'kind_mismatch'],
    [{ kind: 'integer', minimum: 1 }, 0, 'out_of_bounds'],
    [{ kind: 'string', maxLength: 1 }, 'ab', 'out_of_bounds'],
    [{ kind: 'string', enum: ['a', 'b'] }, 'c', 'not_in_enum'],
    [{ kind: 'array', items: text }, ['a', 1], 'kind_mismatch'],
    [{ kind: 'array', items: text }, { a: 1 }, 'kind_mismatch'],
    [{ kind: 'map', values: text }, [], 'kind_mismatch'],
    [{ kind: 'map', values: text }, { a: 1 }, 'kind_mismatch'],
    [{ kind: 'ref', to: 'Box' }, { size: 10 }, 'out_of_bounds'],
    [{ kind: 'ref', to: 'Box' }, { next: { next: { size: '1' } } }, 'kind_mismatch'],
    [{ kind: 'ref', to: 'Box' }, { length: 1 }, 'path_not_found'],
    [{ kind: 'ref', to: 'Box' }, JSON.parse('{"__proto__": 1}') as Json, 'path_not_found'],
  ])('that does not is an error of the value: %j does not take %j (%s)', (p, value, wanted) => {
    expect(code(p, value)).toBe(wanted);
  });

  test('says where in it the first misfit is', () => {
    expect(findMisfit({ kind: 'ref', to: 'Box' }, { tags: { 'a/b': 1 } }, { Box: box })?.message).toBe(
      '/tags/a~1b: expected a string, got 1',
    );
    expect(findMisfit(text, 1, {})?.message).toBe('expected a string, got 1');
  });
});
