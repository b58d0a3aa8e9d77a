// Which workspaces there are, and what is said of each beside its state: its name, what it is for, whether it was removed. One
// document a workspace, written whole, absent for one of which nothing was said. Removing one is a mark: it is in no list and
// refuses everything, and all of it stays in the store until it is brought back.

import type { WorkspaceId } from '../base/ids.ts';
import { isObject } from '../base/json.ts';
import { isPlainName, plainName } from '../base/plain_text.ts';
import { Fault, ok, type Result, refuse } from '../base/result.ts';
import type { Store, WorkspaceRow } from '../ports/store.ts';

/** 1: first. */
const aboutFormat = 1;
const settingName = 'about';

export interface About {
  /** '' : the one that the store has it under. */
  readonly name: string;
  readonly description: string;
  /** Where people find it; for people only. */
  readonly instanceUrl: string | null;
  /** When it was made the one that people start in; the latest of all is. */
  readonly defaultSinceMs: number | null;
  /** null: it is there. */
  readonly removed: { readonly by: string; readonly atMs: number } | null;
}

const nothingSaid: About = { name: '', description: '', instanceUrl: null, defaultSinceMs: null, removed: null };

/** A workspace with what is said of it; `name` is the one that counts. */
export interface Listed {
  readonly row: WorkspaceRow;
  readonly name: string;
  readonly about: About;
}

export class Directory {
  readonly #store: Store;
  /** Read once, where this engine is the only one to change them. */
  readonly #known = new Map<WorkspaceId, About>();
  /** Rows that were read; they never change. */
  readonly #rows = new Map<WorkspaceId, WorkspaceRow>();
  /** Which one had a name when all were read last. */
  readonly #named = new Map<string, WorkspaceId>();
  readonly #isShared: boolean;
  /** One at a time: a document is read, changed and written whole. */
  #saying: Promise<void> = Promise.resolve();

  /** `isShared`: other engines write to the store too. */
  constructor(store: Store, isShared: boolean) {
    this.#store = store;
    this.#isShared = isShared;
  }

  /** Those that are there, in the order of the store. Fault `store_damaged`. */
  async list(): Promise<readonly Listed[]> {
    return (await this.all()).filter((l) => l.about.removed === null);
  }

  /** Those that were removed too. */
  async all(): Promise<readonly Listed[]> {
    const rows = await this.#store.listWorkspaces();
    // What is not known here is read of all at once: there may be thousands.
    const isKnown = rows.every(({ id }) => this.#known.has(id));
    const texts = isKnown ? new Map<WorkspaceId, string>() : await this.#store.settingOfAll(settingName);
    // What was said while they were read is known by now.
    return rows.map((row) => {
      const one = listed(row, this.#known.get(row.id) ?? this.#keep(row.id, texts.get(row.id)));
      this.#rows.set(row.id, row);
      if (one.about.removed === null) this.#named.set(one.name, row.id);
      return one;
    });
  }

  /** By id or name, of those that are there; an id counts before a name. */
  async find(text: string): Promise<Listed | undefined> {
    // Every request names a workspace: of one that is known only what is said of it is read, and not all that there are.
    const known = this.#rows.get(text as WorkspaceId) ?? this.#rows.get(this.#named.get(text)!);
    if (known !== undefined) {
      const one = listed(known, await this.#about(known.id));
      if (one.about.removed === null && (known.id === text || one.name === text)) return one;
    }
    const there = await this.list();
    return there.find((l) => l.row.id === text) ?? there.find((l) => l.name === text);
  }

  /** Is it there, whoever drives it? */
  async isThere(id: WorkspaceId): Promise<boolean> {
    return (await this.#about(id)).removed === null;
  }

  /** As far as it is known here, at once: it may have been removed while somebody was looking for it. */
  isRemoved(id: WorkspaceId): boolean {
    return this.#known.get(id)?.removed != null;
  }

  /** Writes more of what is said; durable when it resolves. */
  say(id: WorkspaceId, more: Partial<About>): Promise<void> {
    const done = this.#saying.then(async () => {
      const about = { ...(await this.#about(id)), ...more };
      await this.#store.putSetting(id, settingName, JSON.stringify({ format: aboutFormat, ...about }));
      if (!this.#isShared) this.#known.set(id, about);
    });
    this.#saying = done.catch(() => {});
    return done;
  }

  async #about(id: WorkspaceId): Promise<About> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    return this.#keep(id, await this.#store.getSetting(id, settingName));
  }

  #keep(id: WorkspaceId, text: string | undefined): About {
    const about = text === undefined ? nothingSaid : parsed(id, text);
    if (!this.#isShared) this.#known.set(id, about);
    return about;
  }
}

const listed = (row: WorkspaceRow, about: About): Listed => ({
  row,
  name: about.name === '' ? row.name : about.name,
  about,
});

function parsed(id: WorkspaceId, text: string): About {
  const document: unknown = JSON.parse(text);
  if (!isObject(document) || typeof document['format'] !== 'number')
    throw new Fault('store_damaged', `what is said of workspace ${id} cannot be read`);
  const { format, ...about } = document as unknown as { readonly format: number } & About;
  if (format > aboutFormat)
    throw new Fault(
      'store_version',
      `what is said of workspace ${id} has format ${format}, written by a newer release`,
    );
  return { ...nothingSaid, ...about };
}

/** Refuses `request_malformed`. */
export function checkWorkspaceName(name: unknown): Result<string> {
  if (isPlainName(name)) return ok(name);
  return refuse('request_malformed', {
    path: 'name',
    expected: plainName,
    got: JSON.stringify(name) ?? 'nothing',
    hint: 'name the workspace',
  });
}

export function nameTaken(name: string): Result<never> {
  return refuse('name_taken', {
    path: 'name',
    expected: 'a name that no workspace has',
    got: JSON.stringify(name),
    hint: 'choose another name',
  });
}

export function noWorkspace(text: string): Result<never> {
  return refuse('workspace_not_found', {
    path: 'workspace',
    expected: 'the id or name of a workspace',
    got: JSON.stringify(text),
    hint: 'list the workspaces, or create one',
  });
}
