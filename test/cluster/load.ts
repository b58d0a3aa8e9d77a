// Clients under load, each one thread of its own: editors that set one value again and again and read it back from another engine, and
// appliers that make things, change them and take them away by change sets. What they were told is kept, and held against what is
// there in the end.

import type { Numbers } from '../laws/numbers.ts';
import type { Site } from './site.ts';

export interface Client {
  run(isOver: () => boolean): Promise<void>;
}

const changeSetsOf = (workspace: string): string => `/v1/w/${workspace}/change-sets`;

interface Submitted {
  readonly steps: readonly { readonly subject: string }[];
}

/** Writes over HTTP under keys of its own, at whichever engine comes next. */
abstract class Writer implements Client {
  readonly workspace: string;
  readonly name: string;
  protected readonly site: Site;
  protected readonly next: Numbers;

  constructor(site: Site, next: Numbers, at: { readonly workspace: string; readonly name: string }) {
    this.site = site;
    this.next = next;
    this.workspace = at.workspace;
    this.name = at.name;
  }

  abstract run(isOver: () => boolean): Promise<void>;

  /** `attemptsMax`: how often what waits for something that is still being computed (428) is asked for. */
  protected async write<T>(path: string, key: string, body: object, attemptsMax = 1): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.site.ask<T>(this.next, 'POST', path, { key, body });
      if (answer.status === 200) return answer.body;
      if (answer.status !== 428 || attempt >= attemptsMax)
        throw new Error(`${path} ${key}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
  }
}

/** Sets `/domain/Zone` of one component to one text after another. */
export class Editor extends Writer {
  changeSet = '';
  component = '';
  /** Texts that were acknowledged, in order. */
  readonly acknowledged: string[] = [];
  /** What a read after a write answered that it may not. */
  readonly stale: string[] = [];

  async run(isOver: () => boolean): Promise<void> {
    const { name } = this;
    const at = changeSetsOf(this.workspace);
    const made = await this.write<{ changeSet: { id: string } }>(at, `${name}-open`, { changeSetName: name });
    this.changeSet = made.changeSet.id;
    const create = { kind: 'component.create', schema: 'Thing', name, attributes: {} };
    const created = await this.#submit(`${name}-create`, create);
    this.component = created.steps[0]!.subject;
    for (let n = 1; !isOver(); n++) {
      const text = `${name} ${n}.`;
      await this.#submit(text, { kind: 'attribute.set', component: this.component, path: '/domain/Zone', value: text });
      this.acknowledged.push(text);
      const path = `${at}/${this.changeSet}/components/${this.component}`;
      const { status, body } = await this.site.ask<{ component: { attributes: Record<string, unknown> } }>(
        this.next,
        'GET',
        path,
      );
      const is = body.component?.attributes['/domain/Zone'];
      if (is !== text)
        this.stale.push(
          `${text} was acknowledged, and then read as ${status} ${status === 200 ? String(is) : JSON.stringify(body)}`,
        );
    }
  }

  #submit(key: string, mutation: object): Promise<Submitted> {
    return this.write(`${changeSetsOf(this.workspace)}/${this.changeSet}/mutations`, key, { mutations: [mutation] });
  }
}

/** Makes a thing after the other on Head; of three that are there it changes one and takes one away. */
export class Applier extends Writer {
  /** Names of things that an acknowledged apply made; and whether one took them away. */
  readonly made: string[] = [];
  readonly removed: string[] = [];

  async run(isOver: () => boolean): Promise<void> {
    for (let n = 1; !isOver(); n++) {
      const name = `${this.name}-${n}`;
      await this.#apply(`${name} make`, {
        kind: 'component.create',
        schema: 'Thing',
        name,
        attributes: { '/domain/Size': n },
      });
      this.made.push(name);
      if (n % 3 === 0 && !isOver()) {
        const component = `${this.name}-${n - 1}`;
        await this.#apply(`${component} change`, {
          kind: 'attribute.set',
          component,
          path: '/domain/Size',
          value: 1_000 + n,
        });
      }
      if (n % 3 === 2 && n > 3 && !isOver()) {
        const component = `${this.name}-${n - 4}`;
        await this.#apply(`${component} remove`, { kind: 'component.delete', component });
        this.removed.push(component);
      }
    }
  }

  /** One edit in a change set of its own, applied. */
  async #apply(what: string, mutation: object): Promise<void> {
    const at = changeSetsOf(this.workspace);
    const opened = await this.write<{ changeSet: { id: string } }>(at, `${what} open`, { changeSetName: what });
    const changeSet = `${at}/${opened.changeSet.id}`;
    await this.write(`${changeSet}/mutations`, `${what} edit`, { mutations: [mutation] });
    await this.write(`${changeSet}/apply`, `${what} apply`, { waitMs: 5_000 }, 21);
  }
}
