// A provider in a process of its own: things with an id, kept in a journal that is synced before anything is answered, so that
// what it did is known whoever was killed. Rules say what goes wrong.
//
//   POST /things {key, body} -> {id, body}     once for each key, when it is `idempotent`
//   GET, PUT, DELETE /things/ID
//   POST /reset N                              as it was after its first N effects
//   GET /things?kind=K&after=ID -> {things: [{id, body}], next?}     two at a time, in order of their making; K of body.kind
//   GET /journal -> every effect, in order     POST /rules [{op, nth, goes: 'fail' | 'stall' | 'drop' | 'hang'}]
// One that stalls does nothing and never answers; one that hangs does it and never answers. With a token it answers only who brings it, in `authorization`.
import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [, , file, token] = process.argv;
const things = new Map();
const keys = new Map();
const journal = [];
let rules = [];
const counts = {};
let last = 0;

function apply(effect) {
  journal.push(effect);
  const { op, id, key, body } = effect;
  if (op === 'destroy') things.delete(id);
  else things.set(id, body);
  if (key !== undefined) keys.set(key, id);
  last = Math.max(last, Number(id.slice(1)));
}
if (existsSync(file))
  for (const line of readFileSync(file, 'utf8').split('\n')) if (line !== '') apply(JSON.parse(line));

function reset(count) {
  const kept = journal.splice(0).slice(0, count);
  things.clear();
  keys.clear();
  last = 0;
  writeFileSync(file, kept.map((effect) => `${JSON.stringify(effect)}\n`).join(''));
  for (const effect of kept) apply(effect);
}

function happen(effect) {
  const fd = openSync(file, 'a');
  appendFileSync(fd, `${JSON.stringify(effect)}\n`);
  fsyncSync(fd);
  closeSync(fd);
  apply(effect);
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
  const { pathname, searchParams } = new URL(request.url, 'http://provider');
  const [, root, id] = pathname.split('/');
  const answer = (status, json) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(json));
  };
  if (root === 'journal') return answer(200, journal);
  if (root === 'rules') {
    rules = body;
    for (const op of Object.keys(counts)) delete counts[op];
    return answer(200, rules);
  }
  if (root === 'reset') {
    reset(body);
    return answer(200, journal);
  }
  if (root !== 'things') return answer(404, { error: 'no such thing' });
  if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) return answer(401, { error: 'who?' });
  const isList = request.method === 'GET' && id === undefined;
  const op = isList ? 'list' : { POST: 'create', GET: 'read', PUT: 'update', DELETE: 'destroy' }[request.method];
  counts[op] = (counts[op] ?? 0) + 1;
  const rule = rules.find((r) => r.op === op && r.nth === counts[op])?.goes;
  if (rule === 'fail') return answer(500, { error: `the ${op} fails` });
  if (rule === 'stall') return undefined;
  if (op === 'list') {
    const kind = searchParams.get('kind');
    const all = [...things].filter(([, b]) => kind === null || b.kind === kind).map(([i, b]) => ({ id: i, body: b }));
    const from = all.findIndex((t) => t.id === searchParams.get('after')) + 1;
    const page = all.slice(from, from + 2);
    return answer(200, { things: page, ...(from + 2 < all.length ? { next: page.at(-1).id } : {}) });
  }
  if (op === 'create') {
    const known = body.key === undefined ? undefined : keys.get(body.key);
    if (known !== undefined) return answer(200, { id: known, body: things.get(known) });
    const made = `t${++last}`;
    happen({ op, id: made, key: body.key, name: body.name, body: body.body });
    if (rule === 'drop') return request.socket.destroy();
    if (rule === 'hang') return undefined;
    return answer(200, { id: made, body: body.body });
  }
  if (!things.has(id)) return answer(404, { error: `no thing ${id}` });
  if (op !== 'read') happen({ op, id, body });
  if (rule === 'drop') return request.socket.destroy();
  if (rule === 'hang') return undefined;
  return answer(200, { id, body: things.get(id) ?? null });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
