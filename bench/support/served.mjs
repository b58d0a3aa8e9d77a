// `headwater serve` as a process of its own, for what is measured from outside.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const bin = fileURLToPath(new URL('../../dist/main/headwater.js', import.meta.url));

/**
 * Starts it over a data folder; answers what it says of itself (address, and a first token), its process id, when it was started, how
 * long it took to answer (ms), and how to end it.
 */
export function serve(folder, env = process.env) {
  const since = performance.now();
  const args = ['serve', '--data', folder, '--port', '0', '--json', '--requests-per-minute', '100000000'];
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const close = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return new Promise((resolve, reject) => {
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
      if (out.trimEnd().endsWith('}'))
        resolve({ ...JSON.parse(out), pid: child.pid, since, readyMs: performance.now() - since, close });
    });
    void ended.then((code) => reject(new Error(`serve ended with ${code}`)));
  });
}
