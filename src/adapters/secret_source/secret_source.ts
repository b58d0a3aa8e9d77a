// Contents of secrets from where they are kept, by the contract of src/ports/secret_source.ts: allowed first, read then, each
// time anew. Nothing that a source said is in a failure.

import { limits } from '../../base/limits.ts';
import { Fault, ok, type RefusalDetail, type Result, refuse, unreachable } from '../../base/result.ts';
import { allowanceFor, allows, type SecretReference } from '../../model/secret_reference.ts';
import type { SecretSource } from '../../ports/secret_source.ts';
import { readBelow } from './file.ts';
import { readVault } from './key_value.ts';

interface SourceOptions {
  /** What the owner allows at this moment. Faults: `secret_sources_unreadable`. */
  readonly allowed: () => readonly string[];
  readonly environment: { readonly [name: string]: string | undefined };
  /** Never read: the installation's key lies there. */
  readonly dataFolder: string;
}

export function openSecretSource(options: SourceOptions): SecretSource {
  const allowing = (reference: SecretReference) => options.allowed().filter((entry) => allows(entry, reference));
  return {
    check: (reference) => (allowing(reference).length > 0 ? ok(undefined) : denied(reference)),
    read: async (reference) => {
      const by = allowing(reference);
      if (by.length === 0) return denied(reference);
      const text = await textOf(reference, by, options);
      if (text === undefined) return denied(reference, 'a file that, links followed, lies outside of it');
      // A key vault has the very text; a shell or an editor leaves a line break behind.
      const content = reference.kind === 'vault' ? text : text.replace(/\r?\n$/, '');
      if (content === '') throw unavailable(reference, 'is empty');
      if (Buffer.byteLength(content) > limits.secretSourceBytesMax) throw unavailable(reference, tooLarge);
      return ok(content);
    },
  };
}

/** Undefined: links lead out of what is allowed. */
async function textOf(
  reference: SecretReference,
  by: readonly string[],
  { environment, dataFolder }: SourceOptions,
): Promise<string | undefined> {
  const fail = (why: string) => unavailable(reference, why);
  switch (reference.kind) {
    case 'env': {
      const text = environment[reference.name];
      if (text === undefined) throw fail('is not set in the environment of the engine');
      return text;
    }
    case 'file':
      return readBelow(reference.path, { folders: by.map((entry) => entry.slice('file:'.length)), dataFolder, fail });
    case 'vault':
      return readVault(reference, { environment, fail });
    default:
      return unreachable(reference);
  }
}

const tooLarge = `is larger than ${limits.secretSourceBytesMax} bytes`;

/** `why` is of our own words. No cause: it may quote what was read. */
function unavailable(reference: SecretReference, why: string): Fault {
  return new Fault('secret_source_unavailable', `${nameOf(reference)} ${why}`);
}

function denied(reference: SecretReference, got = 'one that is not'): Result<never> {
  const detail: RefusalDetail = {
    path: nameOf(reference),
    expected: 'a source that the owner of the installation allows',
    got,
    hint: `On its machine, its owner allows it: headwater secret-source allow ${allowanceFor(reference)}`,
  };
  return refuse('secret_source_denied', detail);
}

function nameOf(reference: SecretReference): string {
  switch (reference.kind) {
    case 'env':
      return `env:${reference.name}`;
    case 'file':
      return `file:${reference.path}`;
    case 'vault':
      return `vault:${reference.path}#${reference.field}`;
    default:
      return unreachable(reference);
  }
}
