// The command that starts the local cloud: a Cloud Control endpoint on this machine, in the foreground until it is
// interrupted. It owns no data folder; only its journal lies in it by default.

import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { untilInterrupted } from './foreground.ts';
import { portMax, whole } from './numbers.ts';
import { note } from './output.ts';
import type { Run } from './program.ts';

/** The largest wait of a timer. */
const latencyMsMax = 2_147_483_647;

export function cloudCommands(program: Command, run: Run): void {
  program
    .command('cloud')
    .description('start a local AWS Cloud Control endpoint, for tests, demonstrations and trials without an account')
    .option('--port <number>', 'port to listen on (default: any that is free)', whole({ max: portMax }), 0)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--file <file>', 'its journal: everything that was done (default: cloud.jsonl in the data folder)')
    .option('--latency <ms>', 'time that a create, an update or a delete takes', whole({ max: latencyMsMax }), 0)
    .option('--rate <number>', 'calls a second before it throttles (default: as many as come)', positive)
    .option('--burst <number>', 'calls at once before it throttles (default: those of one second)', positive)
    .addHelpText('after', example)
    .action((options: Options) =>
      run('Starting the local cloud', async (s) => {
        const { host, port, latency, rate, burst } = options;
        const cloud = await s.surroundings.cloud({
          host,
          port,
          file: resolve(options.file ?? join(s.dataFolder, 'cloud.jsonl')),
          latencyMs: { CREATE: latency, UPDATE: latency, DELETE: latency },
          ...(rate === undefined ? {} : { throttle: { perSecond: rate, burst: Math.max(1, burst ?? rate) } }),
        });
        try {
          s.print({ address: cloud.address }, () => [`Cloud Control at ${cloud.address}; Ctrl+C ends it.`]);
          await untilInterrupted(cloud.failed);
        } finally {
          await cloud.close();
        }
        if (!s.json) note('Ended. What was accepted and is not carried out yet will be the next time.');
        return undefined;
      }),
    );
}

interface Options {
  readonly port: number;
  readonly host: string;
  readonly file?: string;
  readonly latency: number;
  readonly rate?: number;
  readonly burst?: number;
}

function positive(text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('expected a number above 0');
}

const example = `
Example:
  headwater cloud --port 4711 --latency 2000
  aws cloudcontrol list-resources --type-name AWS::EC2::VPC --endpoint-url http://127.0.0.1:4711

Every request needs credentials, and any will do. Roles that are there as AWS::IAM::Role can be assumed at the same address:
  aws sts assume-role --role-arn arn:aws:iam::123456789012:role/deployer --role-session-name ci \\
    --endpoint-url http://127.0.0.1:4711

What happened is read at /_journal; POST /_control makes it fail, slow or throttle:
  curl http://127.0.0.1:4711/_control -d '{"rules": [{"operation": "CREATE", "type": "AWS::EC2::VPC", "nth": 2,
    "fail": {"code": "ServiceInternalError", "when": "after"}}], "throttle": {"perSecond": 5}}'`;
