// What users' functions run on in this process: the compiler at once, each tier when the first function needs it, since
// most commands run none.

import { openCompiler } from '../adapters/compiler/compiler.ts';
import { openIsolate } from '../adapters/isolate/isolate.ts';
import { openProcessTier, processCapacity } from '../adapters/process/tier.ts';
import type { FunctionHost } from '../engine/compiled_functions.ts';
import type { Runner } from '../ports/runner.ts';

/** What the isolate has besides the language and its libraries. */
const isolateNames = ['Buffer', 'TextDecoder', 'TextEncoder'];

/** `sockets`: those of the machine that runs may reach, asked when one is. */
export function openFunctions(sockets: () => readonly string[]): FunctionHost {
  const capacity = processCapacity();
  return {
    compiler: openCompiler({ isolateNames }),
    runners: [openIsolate(), whenNeeded({ tier: 'process', capacity }, () => openProcessTier({ sockets }))],
  };
}

/** A runner that is opened by its first run. Before that its capacity is what is said here. */
function whenNeeded(about: Pick<Runner, 'tier' | 'capacity'>, open: () => Runner): Runner {
  let opened: Runner | undefined;
  const use = (): Runner => {
    opened ??= open();
    return opened;
  };
  return {
    tier: about.tier,
    get capacity() {
      return opened?.capacity ?? about.capacity;
    },
    get confinement() {
      return use().confinement;
    },
    run: (request, listener) => use().run(request, listener),
    kill: (id) => opened?.kill(id) ?? false,
    close: () => opened?.close() ?? Promise.resolve(),
  };
}
