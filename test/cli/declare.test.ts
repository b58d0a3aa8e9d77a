// Components out of files and into files on the command line.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();
const write = (name: string, content: string) => writeFileSync(join(terminal.folder, name), content);

const network = (cidr = '10.0.1.0/24') => `component: public
schema: AWS::EC2::Subnet
attributes:
  /domain/CidrBlock: ${cidr}
  /domain/VpcId: { $source: { component: main, path: /resource_value/VpcId } }
---
component: main
schema: AWS::EC2::VPC
attributes:
  /domain/CidrBlock: 10.0.0.0/16
`;

beforeAll(async () => {
  write('network.yaml', network());
  mkdirSync(join(terminal.folder, 'parts'));
  write('parts/1.json', JSON.stringify([{ component: 'logs', schema: 'AWS::S3::Bucket' }]));
  write('parts/2.yml', 'component: queue\nschema: AWS::SQS::Queue\n');
  write('parts/notes.txt', 'nothing');
  write('bad.yaml', `${network()}---\ncomponent: x\nschema: AWS::EC2::VPC\nattributs: {}\n`);
  write('worse.yaml', 'component: x\n  schema: y');
  await terminal.hw('change-set', 'create', 'net');
});

describe('component apply', () => {
  test('[EN587] shows, makes and finds made', async () => {
    const said = [
      await terminal.show('component', 'apply', '-f', 'network.yaml', '--dry-run'),
      await terminal.show('component', 'apply', '-f', 'network.yaml', '-c', 'net'),
      await terminal.show('component', 'apply', '-f', 'network.yaml', '-c', 'net'),
    ];
    write('network.yaml', network('10.0.2.0/24'));
    said.push(
      await terminal.show('component', 'apply', '-f', 'network.yaml', '-c', 'net', '--dry-run', '--detailed-exitcode'),
      await terminal.show('component', 'apply', '-f', 'network.yaml', '-c', 'net'),
      await terminal.show('component', 'get', 'public', '--change-set', 'net', '-o', 'yaml'),
      await terminal.show('component', 'apply', '-f', 'bad.yaml', '-c', 'net'),
      await terminal.show('component', 'apply', '-f', 'worse.yaml', '-c', 'net'),
      await terminal.show('component', 'apply', '-f', 'none.yaml', '-c', 'net'),
      await terminal.show('component', 'apply', '-f', 'parts', '-c', 'net'),
    );
    await expect(said.join('\n')).toMatchFileSnapshot('fixtures/declare.txt');
  }, 60_000);

  test('[EN587] takes what is written of components, from standard input too; when nothing changes no change set is left', async () => {
    const { out } = await terminal.hw('component', 'search', 'schema:AWS::EC2::*', '-o', 'yaml', '--change-set', 'net');
    expect(out).toContain('component: main\n');
    const again = await terminal.run(['component', 'apply', '-f', '-', '-c', 'net', '--json'], out);
    expect(JSON.parse(again.out)).toMatchObject({
      edits: 0,
      components: [{ state: 'unchanged' }, { state: 'unchanged' }],
    });
    const asJson = await terminal.json<object[]>('component', 'get', 'main', '-o', 'yaml', '--change-set', 'net');
    expect(asJson).toMatchObject([{ component: 'main', schema: 'AWS::EC2::VPC' }]);
    await terminal.hw('change-set', 'apply', 'net');
    const sets = async () => (await terminal.hw('change-set', 'list')).out;
    const before = await sets();
    expect((await terminal.run(['component', 'apply', '-f', '-'], out)).code).toBe(0);
    expect(await sets()).toBe(before);
  }, 60_000);
});
