// An engine as a process of its own, to be killed: it has more runs than there is room for, of one workspace. The arguments are
// the address of NATS and the script of its runs; it says `begun` for each that began.

import { openEngineNode } from '../../dist/adapters/nats/engine_node.js';
import { Dispatcher } from '../../dist/engine/dispatcher.js';

const [url, script] = process.argv.slice(2);
const node = await openEngineNode({ url });
const dispatcher = new Dispatcher([]);
node.changes(
  (served) => dispatcher.serve(served),
  (of) => dispatcher.demand(of),
);
const limits = { timeMs: 60_000, memoryBytes: 64 * 1024 * 1024, cpus: 1, outputBytes: 1_024 };
const one = (n) =>
  dispatcher.inFront('process').run(
    {
      id: `01FE${String(process.pid).padStart(8, '0')}${String(n).padStart(14, '0')}`,
      kind: 'action',
      tier: 'process',
      name: 'flood',
      code: { hash: 'flood', script },
      input: '{}',
      limits,
      allow: { network: [], commands: [] },
      turn: { workspace: 'flood', changeSet: 'c', priority: 'interactive' },
    },
    { started: () => process.stdout.write('begun\n'), log() {} },
  );
for (let n = 0; n < 1_000; n++) void one(n);
