// The layer table: the order of the folders under src/, which are pure, and which stand side by side.
// One source for three readers: the per-layer tsconfig files (written by `node scripts/layers.mjs`),
// the architecture test, and the may-import table in src/README.md.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Rows in order: a row may import from the rows above it, never from a row below. */
export const layers = [
  { name: 'base', pure: true },
  { name: 'model', pure: true },
  { name: 'snapshot', pure: true },
  { name: 'graph', pure: true },
  { name: 'mutation', pure: true },
  { name: 'merge', pure: true },
  { name: 'builtins', pure: true },
  { name: 'propagation', pure: true },
  { name: 'actions', pure: true },
  { name: 'dispatch', pure: true },
  { name: 'access', pure: true },
  { name: 'audit', pure: true },
  { name: 'formats', pure: true },
  { name: 'ports', pure: true },
  { name: 'engine', pure: false },
  {
    name: 'adapters',
    pure: false,
    siblings: [
      'catalogue',
      'cedar',
      'cloud',
      'compiler',
      'isolate',
      'local',
      'memory',
      'nats',
      'oidc',
      'packages',
      'postgres',
      'process',
      'secret_source',
      'sqlite',
      'system',
      'telemetry',
      'vault',
    ],
  },
  { name: 'surfaces', pure: false, siblings: ['ipc', 'http', 'mcp', 'sdk', 'cli'] },
  { name: 'main', pure: false },
];

/** Every compiled unit, in order, with the units it may import from. Siblings do not see each other. */
export function units() {
  const out = [];
  const above = [];
  for (const layer of layers) {
    const here = (layer.siblings ?? [null]).map((s) => ({
      id: s === null ? layer.name : `${layer.name}/${s}`,
      pure: layer.pure,
      mayImport: [...above],
    }));
    out.push(...here);
    above.push(...here.map((u) => u.id));
  }
  return out;
}

/** The text of one unit's tsconfig.json. */
export function tsconfigOf(unit) {
  const up = '../'.repeat(unit.id.split('/').length);
  return `${JSON.stringify(
    {
      extends: `${up}../tsconfig.${unit.pure ? 'pure' : 'node'}.json`,
      compilerOptions: {
        rootDir: '.',
        outDir: `${up}../dist/${unit.id}`,
        tsBuildInfoFile: `${up}../dist/.build/${unit.id.replace('/', '-')}.tsbuildinfo`,
      },
      include: ['./**/*.ts'],
      references: unit.mayImport.map((id) => ({ path: `${up}${id}` })),
    },
    null,
    2,
  )}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const src = new URL('../src/', import.meta.url);
  for (const unit of units()) {
    const dir = new URL(`${unit.id}/`, src);
    if (!existsSync(dir)) mkdirSync(dir, { recursive: true });
    writeFileSync(new URL('tsconfig.json', dir), tsconfigOf(unit));
  }
  writeFileSync(
    new URL('../tsconfig.json', import.meta.url),
    `${JSON.stringify({ files: [], references: units().map((u) => ({ path: `src/${u.id}` })) }, null, 2)}\n`,
  );
}
