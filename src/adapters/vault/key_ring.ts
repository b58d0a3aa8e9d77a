// The keys of an installation while one takes the place of another: everything is wrapped by the current one, and unwrapped by
// the one that wrapped it, which every wrapped text names. So at no moment is there a text that no key here opens.
//
// From files: `KEY` is the key, `KEY.next` the one that is about to take its place, `KEY.old-FINGERPRINT` what was replaced. A change
// makes `KEY.next` (from then on that is current), has everything wrapped by it, gives `KEY` its second name and then renames
// `KEY.next` to `KEY`. Wherever that stops, all keys are there, and beginning again goes on with the same `KEY.next`.
// From the environment the new key and the older ones are given side by side, and nothing is made here.

import type { InstallationKey, InstallationKeys } from '../../ports/vault.ts';
import { environmentKey, fileKey, findFileKey, wrapperOf } from './installation_key.ts';
import { replaceKeyFile } from './key_file.ts';

/** The keys in the files at `path`; the first one is made when there is none. `older` may have wrapped something, too. */
export async function fileKeys(path: string, older: readonly string[] = []): Promise<InstallationKeys> {
  const next = `${path}.next`;
  let present = await fileKey(path);
  const known = [present, ...(await keysIn(older))];
  const begun = await findFileKey(next);
  if (begun !== undefined) known.unshift(begun);
  return ringOf(known, {
    find: (fingerprint) => findFileKey(oldPath(path, fingerprint)),
    begin: () => fileKey(next),
    end: async () => {
      const to = await findFileKey(next);
      if (to === undefined) return undefined;
      const kept = oldPath(path, present.fingerprint);
      await replaceKeyFile(path, next, kept);
      present = to;
      return kept;
    },
  });
}

/** The key in the value of an environment variable. `older`, and the key in `file` if it is there, may have wrapped something. */
export async function environmentKeys(
  value: string | undefined,
  older: readonly string[] = [],
  file?: string,
): Promise<InstallationKeys> {
  const known = [await environmentKey(value), ...(await keysIn(older))];
  return ringOf(known, {
    find: async (fingerprint) => {
      if (file === undefined) return undefined;
      for (const path of [file, `${file}.next`, oldPath(file, fingerprint)]) {
        const key = await findFileKey(path);
        if (key?.fingerprint === fingerprint) return key;
      }
      return undefined;
    },
    begin: async () => undefined,
    end: async () => undefined,
  });
}

const oldPath = (path: string, fingerprint: string): string => `${path}.old-${fingerprint}`;

async function keysIn(values: readonly string[]): Promise<InstallationKey[]> {
  const keys: InstallationKey[] = [];
  for (const value of values) keys.push(await environmentKey(value));
  return keys;
}

interface Source {
  /** An older key, when it is kept somewhere. */
  find(fingerprint: string): Promise<InstallationKey | undefined>;
  /** Makes a new key durable; undefined: none can be made here. */
  begin(): Promise<InstallationKey | undefined>;
  /** Puts the new key in the place of the one before; answers where that one is kept. */
  end(): Promise<string | undefined>;
}

/** `known`: the current key first. */
function ringOf(known: readonly InstallationKey[], source: Source): InstallationKeys {
  let current = known[0]!;
  const keys = new Map(known.toReversed().map((key) => [key.fingerprint, key]));
  return {
    get fingerprint() {
      return current.fingerprint;
    },
    get current() {
      return current;
    },
    wrap: (bytes, context) => current.wrap(bytes, context),
    async unwrap(text, context) {
      const by = wrapperOf(text);
      let key = by === undefined ? undefined : keys.get(by);
      if (key === undefined && by !== undefined) {
        key = await source.find(by);
        if (key !== undefined) keys.set(by, key);
      }
      return (key ?? current).unwrap(text, context);
    },
    async beginChange() {
      const fresh = await source.begin();
      if (fresh === undefined) return;
      keys.set(fresh.fingerprint, fresh);
      current = fresh;
    },
    async endChange() {
      return source.end();
    },
  };
}

/** The keys in a variable that may hold several, divided by spaces or commas. */
export function keyTextsIn(value: string | undefined): string[] {
  return (value ?? '').split(/[\s,]+/).filter((text) => text !== '');
}
