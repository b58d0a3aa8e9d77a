// A store made from another: the source is checked, every row of it is written to the target, read back there and compared, and
// the target is checked in its turn before anybody may open it. Whatever fails on the way leaves the source as it was and no target.

import type { Digest } from '../base/ids.ts';
import { Fault } from '../base/result.ts';
import type { Catalogue } from '../ports/catalogue.ts';
import type { Store } from '../ports/store.ts';
import type { DumpableStore, DumpPart, DumpTableName, StoreTarget } from '../ports/store_dump.ts';
import { dumpTableNames } from '../ports/store_dump.ts';
import type { World } from '../ports/world.ts';
import { type Progress, verifyWorkspace } from './maintain.ts';
import { Workspace } from './workspace.ts';

export interface MoveOptions {
  readonly source: DumpableStore;
  readonly target: StoreTarget;
  readonly world: World;
  readonly catalogue: Catalogue;
  /** Whether the source is verified before, too; else only the target is. */
  readonly verifiesSource: boolean;
  readonly progress: Progress;
}

export interface Moved {
  readonly workspaces: number;
  /** Rows of each table, of all workspaces. */
  readonly rows: Readonly<Partial<Record<DumpTableName, number>>>;
  /** Digest over all rows in their order: the same of two stores that hold the same. */
  readonly digest: string;
}

/** Problems that are named when a store does not verify. */
const problemsMax = 10;

/**
 * Leaves both stores to their owners to close; the target is published. Faults: `store_damaged` when the source does not verify, `store_failed`
 * when what is read back is not what was written, and those of the stores.
 */
export async function moveStore(options: MoveOptions): Promise<Moved> {
  const { source, target, world } = options;
  const progress = nowAndThen(world, options.progress);
  try {
    if (options.verifiesSource) await verifyStore('source', source, options);
    const read = new Tally(world.digest);
    for await (const part of source.dump()) {
      read.add(part);
      progress(`writing ${part.table}: ${read.rowsOf(part.table)} rows`);
      await target.write(part);
    }
    const store = await target.written();
    const written = new Tally(world.digest);
    for await (const part of store.dump()) {
      written.add(part);
      progress(`comparing ${part.table}: ${written.rowsOf(part.table)} of ${read.rowsOf(part.table)} rows`);
    }
    mustBeEqual(read, written);
    await verifyStore('target', store, options);
    await target.publish();
    return read.moved();
  } catch (e) {
    await target.discard();
    throw e;
  }
}

/** Not more often than once a second: parts of rows come by the hundred. */
function nowAndThen({ clock }: World, progress: Progress): Progress {
  let toldAtMs = 0;
  return (line) => {
    if (clock.nowMs() - toldAtMs < 1_000) return;
    toldAtMs = clock.nowMs();
    progress(line);
  };
}

/** Rows as they come by: how many there are of each table of each workspace, and a digest over them. */
class Tally {
  readonly #digest: Digest;
  readonly #tables = new Map<string, { readonly part: DumpPart; rows: number; digest: string }>();

  constructor(digest: Digest) {
    this.#digest = digest;
  }

  add(part: DumpPart): void {
    const key = `${part.workspace} ${part.table}`;
    const table = this.#tables.get(key) ?? { part: { ...part, rows: [] }, rows: 0, digest: '' };
    this.#tables.set(key, table);
    for (const row of part.rows) table.digest = this.#digest(table.digest + JSON.stringify(row));
    table.rows += part.rows.length;
  }

  rowsOf(name: DumpTableName): number {
    let rows = 0;
    for (const { part, rows: more } of this.#tables.values()) if (part.table === name) rows += more;
    return rows;
  }

  /** Where the other has something else, the first place. */
  difference(other: Tally): string | undefined {
    for (const key of new Set([...this.#tables.keys(), ...other.#tables.keys()])) {
      const [mine, its] = [this.#tables.get(key), other.#tables.get(key)];
      if (mine?.digest === its?.digest) continue;
      const { workspace, table } = (mine ?? its)!.part;
      const [had, has] = [mine?.rows ?? 0, its?.rows ?? 0];
      return `workspace ${workspace}, ${table}: ${had === has ? `${had} rows, not all the same` : `${has} of ${had} rows`}`;
    }
    return undefined;
  }

  moved(): Moved {
    const counts = dumpTableNames.map((name) => [name, this.rowsOf(name)] as const).filter(([, rows]) => rows > 0);
    const whole = [...this.#tables].map(([key, { rows, digest }]) => `${key} ${rows} ${digest}`);
    const rows = Object.fromEntries(counts) as Moved['rows'];
    return { workspaces: rows.workspace ?? 0, rows, digest: this.#digest(whole.join('\n')) };
  }
}

function mustBeEqual(read: Tally, written: Tally): void {
  const where = read.difference(written);
  if (where !== undefined)
    throw new Fault('store_failed', `what is read back from the target is not what the source has: ${where}`, {
      where,
    });
}

/** All that `verify` checks, of every workspace. What it had to replay is written, as it is whenever an engine has read it. */
async function verifyStore(
  which: 'source' | 'target',
  store: Store,
  { world, catalogue, progress }: MoveOptions,
): Promise<void> {
  progress(`checking the ${which}`);
  const mustBeNone = (problems: readonly { readonly where: string; readonly what: string }[]): void => {
    const [first] = problems;
    if (first === undefined) return;
    const what = `the ${which} does not verify: ${first.where}: ${first.what}`;
    throw new Fault('store_damaged', what, { which, problems });
  };
  mustBeNone(await store.check(problemsMax));
  for (const row of await store.listWorkspaces()) {
    const workspace = new Workspace(row, store, world, { catalogue });
    const verdict = await verifyWorkspace(workspace, {
      most: problemsMax,
      hasCheckedStore: true,
      progress: (line) => progress(`checking the ${which}: ${row.name}: ${line}`),
    });
    await workspace.close();
    mustBeNone(verdict.problems);
    const { problem } = verdict.audit;
    if (problem !== undefined)
      mustBeNone([{ where: `audit entry ${problem.seq} of change set ${problem.changeSet}`, what: problem.detail }]);
  }
}
