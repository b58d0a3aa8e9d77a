// Puts the command line into one file behind the compiled one: dist/main/headwater.js is dist/main/bin.js with everything that
// every command needs, because loading ninety files takes longer than most commands do. What a command imports only when it
// needs it (the engine, the server, a parser of YAML) stays where it is. Names and lines stay as compiled, for stack traces.
import { chmodSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { root } from './steps.mjs';

const folder = `${root}dist/main`;
const base = resolve(root, 'dist/base');

/** As it is imported from the folder of the bundle. */
const beside = (file) => {
  const path = relative(folder, file);
  return path.startsWith('.') ? path : `./${path}`;
};

/** Throws with what the bundler says when something can't be found. */
export async function bundle() {
  // Installed when the build begins, not yet when this file is read.
  const { rolldown } = await import('rolldown');
  const said = [];
  const made = await rolldown({
    input: `${folder}/bin.js`,
    platform: 'node',
    onLog: (_level, { message }) => said.push(message),
    plugins: [
      {
        name: 'later-and-shared',
        resolveDynamicImport: (given, from) => ({
          id: given.startsWith('.') ? beside(resolve(from, '..', given)) : given,
          external: true,
        }),
        // Faults and refusals are known by their class, of which there may be only one.
        resolveId: (given, from) => {
          const file = given.startsWith('.') && from !== undefined ? resolve(from, '..', given) : '';
          return file.startsWith(`${base}/`) ? { id: beside(file), external: true, moduleSideEffects: false } : null;
        },
      },
    ],
  });
  await made.write({ file: `${folder}/headwater.js`, format: 'esm', codeSplitting: false });
  await made.close();
  if (said.length > 0) throw new Error(`Bundling the command line: ${said.join('\n')}`);
  chmodSync(`${folder}/headwater.js`, 0o755);
}
