// The adapter: what it reads, what it finds, and what it says of files that are missing or damaged; and the build.

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { describeTypes } from '../../src/adapters/catalogue/build.ts';
import { openCatalogue } from '../../src/adapters/catalogue/catalogue.ts';
import { type CatalogueIndex, packCatalogue } from '../../src/adapters/catalogue/pack.ts';
import type { FaultCode } from '../../src/base/codes.ts';
import { Fault } from '../../src/base/result.ts';
import { awsSpec, buildAws, temporaryFolder } from './fixture.ts';

const folder = temporaryFolder();
const directory = join(folder, 'aws');
buildAws(directory);
const index = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')) as CatalogueIndex;

/** A copy to damage. */
function copy(name: string): { directory: string; index: string; data: string } {
  const to = join(folder, name);
  cpSync(directory, to, { recursive: true });
  return { directory: to, index: join(to, 'index.json'), data: join(to, index.dataFile) };
}

function expectFault(code: FaultCode, body: () => unknown): void {
  let thrown: unknown;
  try {
    body();
  } catch (e) {
    thrown = e;
  }
  expect(thrown).toBeInstanceOf(Fault);
  expect((thrown as Fault).code).toBe(code);
  expect((thrown as Fault).message).toMatch(/build/);
}

describe('loading', () => {
  test('one type reads its slice and nothing else', () => {
    const catalogue = openCatalogue(directory);
    expect(catalogue.statistics()).toEqual({ dataBytesRead: 0, typesRead: 0, typesKept: 0 });
    expect(catalogue.load('AWS::EC2::VPC')).toBeDefined();
    const [, , , , length] = index.rows.find(([name]) => name === 'AWS::EC2::VPC')!;
    expect(catalogue.statistics()).toEqual({ dataBytesRead: length, typesRead: 1, typesKept: 0 });
    expect(length).toBeLessThan(index.dataBytes / 100);
  });

  test('searching and entries read no documents', () => {
    const catalogue = openCatalogue(directory);
    catalogue.search('vpc', 10);
    catalogue.entry('AWS::EC2::VPC');
    expect(catalogue.statistics().dataBytesRead).toBe(0);
  });

  test('the last few types are kept, older ones are read again', () => {
    const catalogue = openCatalogue(directory);
    const first = catalogue.load('AWS::EC2::VPC');
    expect(catalogue.load('AWS::EC2::VPC')).toBe(first);
    expect(catalogue.statistics()).toMatchObject({ typesRead: 1, typesKept: 1 });
    const others = index.rows.slice(0, 8).map(([name]) => name);
    for (const name of others) catalogue.load(name);
    expect(catalogue.load('AWS::EC2::VPC')).toEqual(first);
    expect(catalogue.statistics()).toMatchObject({ typesRead: 10, typesKept: 1 });
  });

  test('a type that is not there is undefined', () => {
    const catalogue = openCatalogue(directory);
    expect(catalogue.load('AWS::EC2::vpc')).toBeUndefined();
    expect(catalogue.entry('toString')).toBeUndefined();
    expect(catalogue.load('__proto__')).toBeUndefined();
  });

  test('it says where it comes from', () => {
    const catalogue = openCatalogue(directory);
    expect(catalogue.origin).toBe('aws');
    expect(catalogue.source).toBe('aws-service-spec under test');
    expect(catalogue.entry('AWS::EC2::VPC')).toEqual({
      name: 'AWS::EC2::VPC',
      category: 'AWS::EC2',
      summary: 'Specifies a virtual private cloud (VPC).',
    });
  });
});

describe('searching', () => {
  const catalogue = openCatalogue(directory);
  const names = (query: string, limit = 10_000) => catalogue.search(query, limit).map((e) => e.name);

  test('ranks the exact name, then whole parts of a name, then names, then summaries', () => {
    expect(names('aws::ec2::vpc')[0]).toBe('AWS::EC2::VPC');
    expect(names('AWS::Lambda::Url')[0]).toBe('AWS::Lambda::Url');
    expect(names('vpc')[0]).toBe('AWS::EC2::VPC');
    expect(names('Lambda Function')[0]).toBe('AWS::Lambda::Function');
    const found = names('vpc');
    const inName = found.map((n) => n.toLowerCase().includes('vpc'));
    expect(inName.indexOf(false)).toBeGreaterThan(inName.lastIndexOf(true));
    expect(inName).toContain(false);
  });

  test('wants every word, in the name or the summary, whatever the case and the order', () => {
    expect(names('issue CERTIFICATE')).toContain('AWS::ACMPCA::Certificate');
    expect(names('certificate   issue')).toEqual(names('issue certificate'));
    expect(names('certificate zzzz')).toEqual([]);
    const text = (n: string) => `${n} ${catalogue.entry(n)!.summary}`.toLowerCase();
    for (const n of names('route table')) expect(text(n)).toMatch(/(?=.*route)(?=.*table)/);
  });

  test('gives at most the limit; no words give every type by name', () => {
    expect(names('ec2', 3)).toHaveLength(3);
    expect(names('ec2', 0)).toEqual([]);
    expect(names('ec2', -1)).toEqual([]);
    expect(names('  ', 2)).toEqual(index.rows.slice(0, 2).map(([name]) => name));
  });

  test('takes no word for a pattern', () => {
    expect(names('.*')).toEqual([]);
    expect(() => names('(')).not.toThrow();
  });
});

describe('missing and damaged files', () => {
  test('no folder, no index, no data file: catalogue_missing', () => {
    expectFault('catalogue_missing', () => openCatalogue(join(folder, 'nowhere')));
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    expectFault('catalogue_missing', () => openCatalogue(empty));
    const bare = copy('bare');
    rmSync(bare.data);
    expectFault('catalogue_missing', () => openCatalogue(bare.directory));
  });

  test('an index of another format: catalogue_missing', () => {
    const later = copy('later');
    writeFileSync(later.index, JSON.stringify({ ...index, format: 99 }));
    expectFault('catalogue_missing', () => openCatalogue(later.directory));
  });

  test.each<[string, string]>([
    ['text', '{"format":1,'],
    ['null', 'null'],
    ['rows', JSON.stringify({ ...index, rows: [['A', 'B', 'C', 0]] })],
    ['range', JSON.stringify({ ...index, rows: [['A', 'B', 'C', index.dataBytes - 1, 2]] })],
    ['path', JSON.stringify({ ...index, dataFile: '../other.bin' })],
  ])('an index that is none (%s): store_damaged', (name, content) => {
    const broken = copy(`index-${name}`);
    writeFileSync(broken.index, content);
    expectFault('store_damaged', () => openCatalogue(broken.directory));
  });

  test('a data file cut short: store_damaged on opening, and on loading when it happens later', () => {
    const cut = copy('cut');
    const open = openCatalogue(cut.directory);
    truncateSync(cut.data, index.dataBytes - 100);
    expectFault('store_damaged', () => openCatalogue(cut.directory));
    expectFault('store_damaged', () => open.load('AWS::EC2::VPC'));
    rmSync(cut.data);
    expectFault('catalogue_missing', () => open.load('AWS::EC2::VPC'));
  });

  test('flipped bits: store_damaged for that type, the others load', () => {
    const flipped = copy('flipped');
    const bytes = readFileSync(flipped.data);
    const [, , , offset, length] = index.rows.find(([name]) => name === 'AWS::EC2::VPC')!;
    bytes[offset + (length >> 1)]! ^= 0xff;
    writeFileSync(flipped.data, bytes);
    const catalogue = openCatalogue(flipped.directory);
    expectFault('store_damaged', () => catalogue.load('AWS::EC2::VPC'));
    expect(catalogue.load('AWS::EC2::Subnet')).toBeDefined();
  });
});

describe('building', () => {
  const head = { origin: 'aws', source: 's', key: 'k' };

  test('gives the same bytes whatever the order of the types', () => {
    const types = [...describeTypes(awsSpec())].filter((t) => t.category === 'AWS::EC2');
    const forward = packCatalogue(head, types);
    const backward = packCatalogue(head, types.toReversed());
    expect(types.length).toBeGreaterThan(50);
    expect(backward.index).toEqual(forward.index);
    expect(backward.data.equals(forward.data)).toBe(true);
  });

  test('is left out when nothing changed, and repairs what is not whole', () => {
    const target = copy('again');
    const before = statSync(target.data).mtimeMs;
    expect(buildAws(target.directory).built).toBe(false);
    expect(statSync(target.data).mtimeMs).toBe(before);
    truncateSync(target.data, 10);
    writeFileSync(join(target.directory, 'types-0123456789abcdef.bin'), 'of an earlier build');
    expect(buildAws(target.directory).built).toBe(true);
    expect(readdirSync(target.directory).sort()).toEqual(['index.json', index.dataFile]);
    writeFileSync(target.index, 'not an index');
    expect(buildAws(target.directory).built).toBe(true);
  });

  const root = fileURLToPath(new URL('../../', import.meta.url));
  const compiled = existsSync(join(root, 'dist/adapters/catalogue/build.js'));
  test.runIf(compiled)('by the script: once, then up to date', () => {
    const target = join(folder, 'script');
    const run = () =>
      execFileSync(process.execPath, [join(root, 'scripts/build-catalogue.mjs'), target], { encoding: 'utf8' });
    expect(run()).toMatch(/built in \d+ ms/);
    expect(run()).toMatch(/up to date/);
    expect(openCatalogue(target).source).toMatch(/^@aws-cdk\/aws-service-spec \d/);
  });
});
