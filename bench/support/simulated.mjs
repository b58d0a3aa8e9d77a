// Runs in simulated time for bench/dispatch.mjs: a queue in front of a number of slots, and list scheduling as the peer.

/**
 * Pushes `ready` items, and those that `ended(item)` answers, into the queue; returns when each one was asked for, started and
 * ended. Items carry `tookMs`; `arrivals` are `{ atMs, item }` in order of time.
 */
export function runThrough(queue, slots, arrivals, { ended = () => [], untilMs = Infinity } = {}) {
  const ran = [];
  const underWay = [];
  const asked = new Map();
  let next = 0;
  const push = (item, nowMs) => {
    asked.set(item.id, nowMs);
    queue.push(item, nowMs);
  };
  for (;;) {
    const nowMs = Math.min(arrivals[next]?.atMs ?? Infinity, underWay[0]?.endedAtMs ?? Infinity);
    if (nowMs === Infinity || nowMs > untilMs) return ran;
    while (underWay.length > 0 && underWay[0].endedAtMs <= nowMs) {
      const run = underWay.shift();
      queue.ended(run.item.id, run.item.tookMs, nowMs);
      ran.push(run);
      for (const item of ended(run.item)) push(item, nowMs);
    }
    for (; next < arrivals.length && arrivals[next].atMs <= nowMs; next++) push(arrivals[next].item, nowMs);
    while (underWay.length < slots) {
      const item = queue.take('slots', nowMs);
      if (item === undefined) break;
      const run = { item, askedAtMs: asked.get(item.id), startedAtMs: nowMs, endedAtMs: nowMs + item.tookMs };
      const at = underWay.findIndex((other) => other.endedAtMs > run.endedAtMs);
      underWay.splice(at < 0 ? underWay.length : at, 0, run);
    }
  }
}

/** Longest remaining path of each task, itself counted. `tasks`: `{ tookMs, parents }`, in any order. */
export function remainingPaths(tasks) {
  const children = tasks.map(() => []);
  for (const [i, { parents }] of tasks.entries()) for (const p of parents) children[p].push(i);
  const out = new Array(tasks.length);
  for (const root of tasks.keys()) {
    for (const stack = [root]; stack.length > 0; ) {
      const at = stack.at(-1);
      const open = out[at] === undefined ? children[at].filter((c) => out[c] === undefined) : [];
      if (open.length > 0) {
        stack.push(...open);
        continue;
      }
      out[at] ??= tasks[at].tookMs + children[at].reduce((most, c) => Math.max(most, out[c]), 0);
      stack.pop();
    }
  }
  return out;
}

/** Makespan of list scheduling: of the tasks that may start, that with the longest remaining path goes to the first free slot. */
export function listSchedule(tasks, slots) {
  const paths = remainingPaths(tasks);
  const left = tasks.map((task) => task.parents.length);
  const ready = [...tasks.keys()].filter((i) => left[i] === 0);
  const underWay = [];
  let nowMs = 0;
  for (;;) {
    ready.sort((a, b) => paths[b] - paths[a] || a - b);
    while (underWay.length < slots && ready.length > 0) {
      const i = ready.shift();
      underWay.push({ i, endsAtMs: nowMs + tasks[i].tookMs });
    }
    if (underWay.length === 0) return nowMs;
    nowMs = Math.min(...underWay.map((u) => u.endsAtMs));
    for (const done of underWay.filter((u) => u.endsAtMs === nowMs)) {
      underWay.splice(underWay.indexOf(done), 1);
      for (const [c, { parents }] of tasks.entries()) {
        for (const p of parents) if (p === done.i && --left[c] === 0) ready.push(c);
      }
    }
  }
}
