// The demonstration as a program of its own, for `npm run demo`; `headwater demo` is the same. Arguments: `template` for the
// one on the model alone, `--json`, `--postgres URL`.

import { Fault, RefusalError, refusalText } from '../base/result.ts';
import { runDemo } from './demo_run.ts';

try {
  const what = process.argv.includes('template') ? 'template' : 'application';
  const at = process.argv.indexOf('--postgres');
  const postgres = at === -1 ? undefined : (process.argv[at + 1] ?? '');
  process.exitCode = await runDemo({ what, json: process.argv.includes('--json'), postgres });
} catch (e) {
  if (!(e instanceof Fault) && !(e instanceof RefusalError)) throw e;
  process.stderr.write(`${e instanceof Fault ? e.message : refusalText(e.refusal)}\n`);
  process.exitCode = 1;
}
