// Every operation of the contract has its route, at the same method, path and parameters.

import { describe, expect, test } from 'vitest';
import { routes } from '../../src/surfaces/http/routes/all.ts';
import { operationAt, operations, wrongByContract } from './contract.ts';

describe('the contract', () => {
  test('finds the operation of a request', () => {
    expect(operationAt('GET', '/v1/w/W/change-sets/C/components/find')).toBe('Components.findComponent');
    expect(operationAt('GET', '/v1/w/W/change-sets/C/components/X')).toBe('Components.getComponent');
    expect(operationAt('GET', '/v1/w/W/nowhere')).toBeUndefined();
  });

  test('finds what is wrong with an answer', () => {
    const right = { changeSet: { id: 'x', isHead: true, name: 'n', status: 'Open' } };
    expect(wrongByContract('ChangeSets.getChangeSet', 200, right)).toEqual([]);
    expect(
      wrongByContract('ChangeSets.getChangeSet', 200, { changeSet: { ...right.changeSet, isHead: 'no' } }),
    ).not.toEqual([]);
    expect(wrongByContract('ChangeSets.getChangeSet', 200, {})).not.toEqual([]);
    expect(wrongByContract('ChangeSets.getChangeSet', 404, { message: 'm' })).not.toEqual([]);
    expect(wrongByContract('ChangeSets.getChangeSet', 404, { message: 'm', statusCode: 404, code: null })).toEqual([]);
    expect(wrongByContract('ChangeSets.getChangeSet', 202, right)).not.toEqual([]);
  });

  for (const r of routes) {
    const o = operations[r.id];
    if (o === undefined) continue;
    test(`${r.id} is where the contract has it, and takes what it says`, () => {
      expect({ method: r.method, path: r.path }).toEqual({ method: o.method, path: o.path });
      const query = Object.keys((r.query as { properties?: object } | undefined)?.properties ?? {});
      for (const name of o.query) expect(query).toContain(name);
      expect(r.body !== undefined).toBe(o.body !== null || r.isMultipart === true);
    });
  }
});
