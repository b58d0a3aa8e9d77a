// So many clients of one event stream, in a process of their own: `url token count`. Says when all of them are there.
import { Agent, get } from 'node:http';

const [url, token, count] = process.argv.slice(2);
const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });
let left = Number(count);
/** Connections that are made at once: the server's queue of new ones is short. */
const atOnce = 50;

function one() {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
      response.once('data', resolve);
      response.resume();
    });
    request.on('error', reject);
  });
}

while (left > 0) {
  const now = Math.min(left, atOnce);
  left -= now;
  await Promise.all(Array.from({ length: now }, one));
}
process.stdout.write('there\n');
