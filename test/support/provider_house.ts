// A house with the schemas of a provider on Head, as its folder has them, secrets that say where its server is, and everything
// that carries actions out: the compiler, both tiers, a vault.

import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { openPackages } from '../../src/adapters/packages/packages.ts';
import type { Json } from '../../src/base/json.ts';
import type { AuthorReply, CheckedDefinition } from '../../src/engine/author.ts';
import type { ActionRecord } from '../../src/model/action.ts';
import type { ProviderSchema } from '../../src/ports/provider_packages.ts';
import type { House } from '../engine/house.ts';
import { secretHouse } from '../engine/secret_house.ts';

const packages = openPackages(fileURLToPath(new URL('../../providers', import.meta.url)));

/** The schemas of a provider with the texts that define them, in the order of its list. */
export function schemasOf(provider: string): readonly ProviderSchema[] {
  return packages.list().find((p) => p.name === provider)!.schemas;
}

/** Authors the schemas of a provider in a change set. */
export async function authorProvider(house: House, changeSet: string, provider: string): Promise<void> {
  for (const { name, text } of schemasOf(provider)) {
    const { warnings } = await house.call<AuthorReply>('schema.author', { changeSet, text, name });
    expect(warnings).toEqual([]);
  }
}

/**
 * The parts that files of a provider have in common, by their titles (`// TITLE: begin` to `// TITLE: end`): the texts that
 * there are of each, one where they are in order.
 */
export function partsInCommon(provider: string): Map<string, Set<string>> {
  const parts = new Map<string, Set<string>>();
  for (const { text } of schemasOf(provider))
    for (const [, title = '', part = ''] of text.matchAll(/^\/\/ (.+): begin\n(.*?)^\/\/ \1: end$/gms))
      parts.set(title, (parts.get(title) ?? new Set()).add(part));
  return parts;
}

export const secret = (name: string): Json => ({ $source: { secret: name } });
export const follows = (component: string, path: string): Json => ({ $source: { component, path } });

export type Payload = { readonly [name: string]: Json };

export class ProviderHouse {
  readonly house: House;
  /** With all of its data. */
  readonly folder: string;

  private constructor(house: House, folder: string) {
    this.house = house;
    this.folder = folder;
  }

  /** With the provider's schemas on Head, and the secrets by the names of their definitions, called by these names. */
  static async open(provider: string, secrets: { readonly [definition: string]: Json }): Promise<ProviderHouse> {
    const { house, folder } = await secretHouse();
    const opened = new ProviderHouse(house, folder);
    const changeSet = await house.open('schemas');
    await authorProvider(house, changeSet, provider);
    for (const [definition, content] of Object.entries(secrets))
      await house.call('secret.set', { changeSet, name: definition, definition, content });
    await house.call('change_set.apply', { changeSet, waitMs: 20_000 });
    return opened;
  }

  /** What is wrong with the types of a definition. */
  async findings(text: string): Promise<string[]> {
    const { diagnostics, warnings } = await this.house.call<CheckedDefinition>('schema.check', { text });
    return [...diagnostics.map((d) => `${d.line}:${d.column} ${d.message}`), ...warnings.map((w) => w.message)];
  }

  /** Makes edits in a change set of their own and applies it; what that queues begins. */
  async begin(name: string, ...mutations: Json[]): Promise<void> {
    const changeSet = await this.house.open(name);
    await this.house.submit(changeSet, ...mutations);
    await this.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  }

  /** The same, and it is carried out. */
  async apply(name: string, ...mutations: Json[]): Promise<void> {
    await this.begin(name, ...mutations);
    await this.quiet();
  }

  set(component: string, path: string, value: Json): Promise<void> {
    return this.apply(`set ${path} of ${component}`, { kind: 'attribute.set', component, path, value });
  }

  async remove(...components: string[]): Promise<void> {
    await this.apply(
      `remove ${components}`,
      ...components.map((component) => ({ kind: 'component.delete', component })),
    );
  }

  async quiet(): Promise<readonly ActionRecord[]> {
    return (await this.house.call<{ open: readonly ActionRecord[] }>('action.run', { waitMs: 60_000 })).open;
  }

  /** Looks at the component's resource anew and answers its payload. */
  async refreshed(component: string): Promise<Payload | null> {
    await this.house.call('action.request', { component });
    await this.quiet();
    return this.payload(component);
  }

  async payload(component: string): Promise<Payload | null> {
    const { value } = await this.house.call<{ value: { resource?: { payload?: Payload } } }>('component.get', {
      changeSet: 'HEAD',
      component,
      waitMs: 20_000,
    });
    return value.resource?.payload ?? null;
  }

  async actions(): Promise<ActionRecord[]> {
    return (await this.house.call<{ items: ActionRecord[] }>('action.list', {})).items.toReversed();
  }

  /** `kind of component: status`, oldest first, refreshes left out. */
  async told(): Promise<string[]> {
    const all = (await this.actions()).filter((a) => a.kind !== 'refresh');
    return all.map((a) => `${a.kind} of ${a.componentName}: ${a.status}${a.failure ? ` (${a.failure.message})` : ''}`);
  }

  /** Results of qualifications that a component fails, by name. */
  async failures(changeSet: string, component: string): Promise<{ readonly [name: string]: string }> {
    type Qualified = { readonly [name: string]: { readonly result: string; readonly message?: string } };
    const { value } = await this.house.call<{ value: { qualification?: Qualified } }>('component.get', {
      changeSet,
      component,
      waitMs: 20_000,
    });
    const failed = Object.entries(value.qualification ?? {}).filter(([, { result }]) => result === 'failure');
    return Object.fromEntries(failed.map(([name, { message = '' }]) => [name, message]));
  }

  /** Begins, carries out, and then does it all again from the data of before: as if nothing had been written down of it. */
  async twice(prepare: () => Promise<void>): Promise<void> {
    const kept = `${this.folder}-kept`;
    await this.house.close();
    cpSync(this.folder, kept, { recursive: true });
    await prepare();
    for (const isAgain of [false, true]) {
      if (isAgain) {
        await this.house.close();
        rmSync(this.folder, { recursive: true });
        cpSync(kept, this.folder, { recursive: true });
      }
      await this.house.start();
      expect(await this.quiet()).toEqual([]);
    }
    rmSync(kept, { recursive: true });
  }

  /**
   * Waits until an action was tried, is to be tried again, and is not about to be: whoever goes on from there has half a second
   * before it is. The wait before another try is drawn from nothing to a bound that doubles, so it may be any.
   */
  async isTriedAgain(component: string): Promise<ActionRecord> {
    for (;;) {
      const found = (await this.actions()).find((a) => a.componentName === component && a.kind !== 'refresh');
      const isWaiting = found?.status === 'queued' && (found.retries ?? 0) > 0;
      if (isWaiting && (found.notBeforeMs ?? 0) > Date.now() + 500) return found;
      // What has ended is not tried again: why it ended is told, rather than waited for.
      if (found !== undefined && found.endedAtMs !== null) throw new Error(`not tried again: ${await this.told()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Files of the data, and logs and results of all runs, in which a text stands. */
  async holding(text: string): Promise<string[]> {
    const w = await this.house.workspace();
    await w.calls.flushed();
    const found: string[] = [];
    for (const run of await w.store.runs.listRuns(w.id, { limit: 1_000 })) {
      const shown = await this.house.call<Json>('run.get', { run: run.id });
      const log = await this.house.call<Json>('run.log', { run: run.id });
      if (JSON.stringify([shown, log]).includes(text)) found.push(`run ${run.id}`);
    }
    const files = readdirSync(this.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const { name, parentPath } of files)
      if (readFileSync(join(parentPath, name)).includes(text)) found.push(`the file ${name}`);
    return found;
  }

  async close(): Promise<void> {
    await this.house.close();
  }
}
