// What is on the machine though nobody made it through here: listed, taken over as it is, and let alone. What cannot be listed
// is told.

import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import type { ResourceImportReply } from '../../src/engine/resource_import.ts';
import { TakingOver } from '../support/taking_over.ts';
import { ProviderHouse } from './provider_house.ts';

let h: ProviderHouse;
let there: TakingOver;
beforeAll(async () => {
  h = await ProviderHouse.open();
  there = new TakingOver(h.house, { Machine: 'here' });
}, 120_000);
afterAll(async () => {
  await h.close();
});

const names = ({ imported }: ResourceImportReply): string[] => imported.map((i) => i.name);
const listed = async (schema: string, domain = {}) => (await there.listed(`Local::${schema}`, domain)).ids;

describe('[EN411] what lies on the machine and runs there', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the content of a file
  const page = '<h1>${there}</h1>';

  test('is listed, taken over as it is, and nothing is done to it', async () => {
    const { root } = h.agent;
    const at = (path: string) => join(root, path);
    mkdirSync(at('site/conf'), { recursive: true });
    chmodSync(at('site/conf'), 0o750);
    writeFileSync(at('site/index.html'), page);
    writeFileSync(at('site/conf/app.json'), '{"of": "them"}', { mode: 0o600 });
    writeFileSync(at('picture'), Buffer.from([0, 255, 254, 1]));
    symlinkSync('/etc/passwd', at('link'));
    const worker = { Name: 'worker', Restart: 'on-failure', Folder: 'site' };
    await h.agent.create('process', 'by hand', h.agent.sleeper(worker));
    const processNow = async () => (await h.agent.ask('GET', '/v1/resources/process/worker')).body.resource;
    const before = { process: await processNow(), page: statSync(at('site/index.html')) };

    expect(await listed('Directory')).toEqual(['site', 'site/conf']);
    expect(await listed('File')).toEqual(['picture', 'site/conf/app.json', 'site/index.html']);
    expect(await listed('File', { Folder: 'site/conf' })).toEqual(['site/conf/app.json']);
    expect(await listed('Directory', { Path: 'site' })).toEqual(['site/conf']);
    const processes = await there.listed('Local::Process');
    expect(processes).toMatchObject({ resources: [{ resourceId: 'worker', component: null }], message: '' });

    const changeSet = await h.house.open('take over');
    const made: string[] = [];
    for (const schema of ['Directory', 'Process']) made.push(...names(await there.all(changeSet, `Local::${schema}`)));
    const one = await there.one(changeSet, 'Local::File', 'site/conf/app.json');
    const others = await there.all(changeSet, 'Local::File');
    made.push(...names(one), ...names(others));
    expect(made).toEqual(['site', 'site/conf', 'worker', 'site/conf/app.json', 'picture', 'site/index.html']);
    expect([one.untaken, others.untaken]).toEqual([[], []]);
    const domain = (name: string) => there.domain(changeSet, name);
    expect(await domain('site/conf')).toEqual({ Path: 'site/conf', Mode: '0750' });
    const file = { Encoding: 'utf8', Mode: '0644' };
    expect(await domain('site/index.html')).toEqual({ ...file, Folder: 'site', Name: 'index.html', Content: page });
    expect(await domain('site/conf/app.json')).toMatchObject({ Content: '{"of": "them"}', Mode: '0600' });
    expect(await domain('picture')).toMatchObject({ Folder: '', Content: 'AP/+AQ==', Encoding: 'base64' });
    expect(await domain('worker')).toMatchObject({ Command: 'node', Restart: 'on-failure', State: 'running' });
    // Who lies in a directory follows it, so that it is removed before that.
    for (const name of ['site/index.html', 'worker'])
      expect(await there.following(changeSet, name)).toEqual(['/domain/Folder']);
    await there.appliedQuietly(changeSet, made);
    expect((await processNow()).Pid).toBe(before.process.Pid);
    expect(statSync(at('site/index.html')).ino).toBe(before.page.ino);

    // From now on they are as any others.
    expect(await listed('File')).toHaveLength(3);
    expect((await there.listed('Local::Process')).resources[0]?.component).toMatchObject({
      name: 'worker',
      onHead: true,
    });
    expect(await h.apply(h.set('site/index.html', '/domain/Content', 'ours'))).toEqual([]);
    expect(readFileSync(at('site/index.html'), 'utf8')).toBe('ours');
    expect(await h.apply(h.set('site/index.html', '/domain/Name', 'main.html'))).toEqual([]);
    expect(await listed('File')).toEqual(['picture', 'site/conf/app.json', 'site/main.html']);
    // Directories of one another are taken away from within.
    expect(
      await h.apply(
        ...['picture', 'worker', 'site/conf/app.json', 'site/index.html', 'site/conf'].map((component) => ({
          kind: 'component.delete',
          component,
        })),
      ),
    ).toEqual([]);
    expect(await h.apply({ kind: 'component.delete', component: 'site' })).toEqual([]);
    rmSync(at('link'));
    expect([await listed('Directory'), await listed('File'), await listed('Process')]).toEqual([[], [], []]);
  }, 120_000);

  test('comes by pages, and by pages that are not too long', async () => {
    const many = join(h.agent.root, 'many');
    mkdirSync(many);
    const files = Array.from({ length: 205 }, (_, i) => `many/${String(i).padStart(3, '0')}`);
    for (const path of files) writeFileSync(join(h.agent.root, path), path);
    const all = await there.listed('Local::File');
    expect([all.ids, all.pages, all.message]).toEqual([files, 3, '']);
    for (const path of files.slice(3)) rmSync(join(h.agent.root, path));
    for (const path of files.slice(0, 3)) writeFileSync(join(h.agent.root, path), 'x'.repeat(1_000_000));
    const long = await there.listed('Local::File');
    expect([long.ids, long.pages]).toEqual([files.slice(0, 3), 2]);
    rmSync(many, { recursive: true });
  }, 60_000);
});

describe('[EN410] [LO13] what cannot be listed', () => {
  test('is told with its reason, in the list and in the import of all, and holds nothing up', async () => {
    const { root } = h.agent;
    mkdirSync(join(root, 'odd\nfolder'));
    writeFileSync(join(root, 'odd\nfolder/in it'), 'x');
    writeFileSync(join(root, 'long'), 'x'.repeat(limits.localFileBytesMax + 1));
    writeFileSync(join(root, 'escaped'), '\u0001'.repeat(limits.localFileBytesMax / 2));
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff])]), 'x');
    writeFileSync(join(root, 'plain'), 'x');
    const all = await there.listed('Local::File');
    expect(all.ids).toEqual(['plain']);
    for (const told of [
      '"odd\\nfolder" has characters',
      'long has 1048577 bytes, and of more than 1 MiB no content is told',
      'escaped takes 3145936 bytes, and a page holds 2097152',
      'the name "f\ufffd" is no text',
    ])
      expect(all.message).toContain(told);
    const changeSet = await h.house.open('odd');
    const reply = await there.all(changeSet, 'Local::File');
    expect([names(reply), reply.messages]).toEqual([['plain'], [all.message]]);

    // By its id it is refused, rather than taken over without its content and emptied by the first update.
    const refused = (schema: string, id: string) => there.refusedOne(changeSet, `Local::${schema}`, id);
    expect(await refused('File', 'long')).toMatch(/^function_failed: .*it is not taken over: long has 1048577 bytes/);
    expect(await refused('Template', 'plain')).toMatch(/^function_failed: .*import it as Local::File/);
    expect(await refused('File', 'missing')).toBe('resource_not_found: "missing"');
    expect(await there.refusedList('Local::File', { Folder: 'nowhere' })).toMatch(/^function_failed: .*is no nowhere/);
    expect(await there.refusedList('Local::Template')).toMatch(/^function_not_found: /);
    await h.house.call('change_set.abandon', { changeSet });
  }, 60_000);

  test('because there is too much of it is refused, and a part of it is listed', async () => {
    const { root } = h.agent;
    for (const of of ['big', 'small']) mkdirSync(join(root, of));
    for (let i = 0; i <= limits.localEntriesMax; i++) writeFileSync(join(root, `big/${i}`), '');
    writeFileSync(join(root, 'small/one'), '1');
    expect(await there.refusedList('Local::File')).toMatch(
      /^function_failed: .*more below the root than is listed .*at most 20000 .*what is below one of its directories/,
    );
    expect(await listed('File', { Folder: 'small' })).toEqual(['small/one']);
    rmSync(join(root, 'big'), { recursive: true });
  }, 60_000);
});
