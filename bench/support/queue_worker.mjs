// A worker of a peer's queue in a process of its own, `queue_worker.mjs KIND ADDRESS`: does jobs and tells when each is recorded as
// done, by the clock that all processes of the machine share.

import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { run, WorkerPreset } from 'graphile-worker';
import PgBoss from 'pg-boss';
import { plainly } from './nats_address.mjs';

const [kind, address] = process.argv.slice(2);
const now = () => performance.timeOrigin + performance.now();
let told = [];
function tell(i, at) {
  if (told.push([i, now() - at]) > 1) return;
  setImmediate(() => {
    process.send(told);
    told = [];
  });
}
const work = (n) => n + 1;

/** Of one process; with two of them, more is slower on this machine. */
const atOnce = 10;

async function graphile(isBatched) {
  const batched = {
    localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  };
  const runner = await run({
    preset: {
      extends: [WorkerPreset],
      worker: {
        connectionString: address,
        concurrentJobs: atOnce,
        maxPoolSize: atOnce + 1,
        ...(isBatched ? batched : {}),
      },
    },
    noHandleSignals: true,
    logger: undefined,
    taskList: { add: async ({ i }) => void work(i) },
  });
  runner.events.on('job:complete', ({ job }) => tell(job.payload.i, job.payload.at));
}

/** In batches of `batchSize`; of one, it is what its own workers do unless they are told otherwise. */
async function boss(batchSize) {
  const queue = new PgBoss({ connectionString: address, max: atOnce });
  await queue.start();
  const loop = async () => {
    for (;;) {
      const jobs = await queue.fetch('add', { batchSize });
      if (jobs.length === 0) {
        // As often as its own workers may look.
        await new Promise((resolve) => setTimeout(resolve, 500));
        continue;
      }
      for (const { data } of jobs) work(data.i);
      await queue.complete(
        'add',
        jobs.map((j) => j.id),
      );
      for (const { data } of jobs) tell(data.i, data.at);
    }
  };
  for (let i = 0; i < (batchSize === 1 ? atOnce : 4); i++) void loop();
}

async function echo() {
  const nc = await connect(plainly(address));
  const consumer = await jetstream(nc).consumers.get('bare', 'bare');
  const messages = await consumer.consume({ max_messages: 500 });
  void (async () => {
    for await (const m of messages) {
      nc.publish('bare.done', m.data);
      m.ack();
    }
  })();
}

await {
  graphile: () => graphile(false),
  graphile_batched: () => graphile(true),
  pg_boss: () => boss(1),
  pg_boss_batched: () => boss(50),
  bare: echo,
}[kind]();
process.send('ready');
process.on('disconnect', () => process.exit(0));
