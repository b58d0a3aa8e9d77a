// The packages: the lock file is complete for every platform (an install on one platform may leave out the optional
// packages of the others, and `npm ci` then refuses the file), and it names no registry, so that anyone's will do.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository } from './repository.ts';

interface Locked {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
type Lock = Readonly<Record<string, Locked>>;

/** Optional packages that a locked package names and the lock file leaves out. */
function leftOut(lock: Lock): string[] {
  return Object.entries(lock).flatMap(([at, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => lock[`node_modules/${name}`] === undefined && lock[`${at}/node_modules/${name}`] === undefined,
    ),
  );
}

describe('package-lock.json', () => {
  const text = readFileSync(join(repository, 'package-lock.json'), 'utf8');
  const lock = JSON.parse(text).packages as Lock;

  test('has the optional packages of every platform', () => {
    expect(Object.keys(lock).length).toBeGreaterThan(50);
    expect(leftOut(lock)).toEqual([]);
  });

  test('that leaves one out is noticed', () => {
    expect(leftOut({ 'node_modules/a': { optionalDependencies: { b: '1.0.0' } } })).toEqual(['b']);
  });

  test('names no registry', () => {
    expect(text).not.toContain('"resolved"');
  });
});
