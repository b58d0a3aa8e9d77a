// What tests have to start servers, for benchmarks: it is TypeScript, which this Node does not run, so it is put into one file of
// JavaScript beside the build first.
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** The module `test/support/NAME.ts`. */
export async function fromTests(name) {
  const root = new URL('../../', import.meta.url);
  const file = fileURLToPath(new URL(`dist/.build/bench/${name}.mjs`, root));
  const bundle = await rolldown({
    input: fileURLToPath(new URL(`test/support/${name}.ts`, root)),
    platform: 'node',
    external: (id) => !/^[./]/.test(id),
  });
  await bundle.write({ file, format: 'esm' });
  await bundle.close();
  return import(file);
}
