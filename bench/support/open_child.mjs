// One cold open: `open_child.mjs FOLDER COMPONENT` prints how long opening and the first `component.get` took.

import { callOperation } from '../../dist/engine/operations.js';
import { openFolder } from '../../dist/main/data_folder.js';

const [folder, component] = process.argv.slice(2);
const since = performance.now();
const engine = await openFolder(folder);
const call = { engine, principal: { id: 'bench', role: 'owner' }, progress: () => {} };
const got = await callOperation(call, 'component.get', { workspace: 'bench', component });
const answeredMs = performance.now();
if (!got.ok) throw new Error(JSON.stringify(got.refusal));
console.log(JSON.stringify({ openMs: answeredMs - since, answeredAtMs: performance.timeOrigin + answeredMs }));
await engine.close();
