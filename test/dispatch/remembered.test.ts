import { expect, test } from 'vitest';
import { canonical, type Json } from '../../src/base/json.ts';
import type { Evaluated } from '../../src/builtins/assemble.ts';
import { failureOfRun, rememberedResult, resultOfRun } from '../../src/dispatch/result.ts';
import type { FunctionKind } from '../../src/model/function.ts';

const results: readonly (readonly [FunctionKind, Evaluated])[] = [
  ['attribute', resultOfRun('attribute', undefined)],
  ['attribute', resultOfRun('attribute', '{"state":"none","value":[1,null]}')],
  ['code-generation', resultOfRun('code-generation', '{"format":"yaml","code":"a: 1"}')],
  ['qualification', resultOfRun('qualification', '{"result":"warning","message":"old"}')],
  ['qualification', failureOfRun('threw', 'no such port')],
];

test.each(results)('a result of kind %s is remembered as it was: %j', (kind, gave) => {
  expect(rememberedResult(kind, canonical(gave as unknown as Json))).toEqual(gave);
});

test.each<[FunctionKind, string]>([
  ['attribute', ''],
  ['attribute', '{"state":"none","value":1}'],
  ['attribute', '{"state":"value","value":null}'],
  ['attribute', '{"state":"value","value":12345678901234567890}'],
  ['code-generation', '{"state":"none"}'],
  ['code-generation', '{"state":"value","value":{"format":"yaml"}}'],
  ['qualification', '{"state":"value","value":{"result":"fine"}}'],
  ['qualification', '{"code":"runner_lost","message":"gone","state":"error"}'],
])('for kind %s this is no result: %s', (kind, text) => {
  expect(rememberedResult(kind, text)).toBeUndefined();
});
