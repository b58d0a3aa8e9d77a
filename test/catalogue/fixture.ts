// The specification itself and a catalogue built from it, once for each test file that asks. The catalogue is built from
// the sources under test into a folder of its own, so a stale build is never what is tested.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import { afterAll } from 'vitest';
import { type BuildReport, buildCatalogue } from '../../src/adapters/catalogue/build.ts';
import type { Spec, SpecDefinition, SpecResource } from '../../src/adapters/catalogue/spec.ts';

let loaded: Spec | undefined;

export function awsSpec(): Spec {
  if (loaded === undefined) {
    const db = loadAwsServiceSpecSync();
    loaded = {
      resources: db.all('resource') as unknown as readonly SpecResource[],
      definition: (id) => db.get('typeDefinition', id) as unknown as SpecDefinition,
    };
  }
  return loaded;
}

export function mustResource(name: string): SpecResource {
  const found = awsSpec().resources.find((r) => r.cloudFormationType === name);
  if (found === undefined) throw new Error(`the specification has no ${name}`);
  return found;
}

/** A folder that goes away with the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-catalogue-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function buildAws(directory: string): BuildReport {
  const key = createHash('sha256').update('test').digest('hex');
  return buildCatalogue(directory, { origin: 'aws', source: 'aws-service-spec under test', key }, awsSpec);
}

/** A specification of a few lines: one type `T::Test::Thing` with these members. */
export function smallSpec(
  thing: Partial<SpecResource>,
  definitions: { readonly [id: string]: SpecDefinition } = {},
  others: readonly SpecResource[] = [],
): Spec {
  const resource = { cloudFormationType: 'T::Test::Thing', properties: {}, attributes: {}, ...thing };
  return {
    resources: [resource, ...others],
    definition: (id) => {
      const found = definitions[id];
      if (found === undefined) throw new Error(`no definition ${id}`);
      return found;
    },
  };
}
