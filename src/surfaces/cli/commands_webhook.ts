// Commands on webhooks: where what happens in a workspace is told. Each is one operation of the engine, but for the private hosts that
// they may be sent to, which are a file of the data folder.

import type { Command } from 'commander';
import { RefusalError } from '../../base/result.ts';
import { isHostEntry } from '../../dispatch/network_reach.ts';
import type { Delivery, WebhookLine } from '../../engine/webhook_work.ts';
import type { Webhook } from '../../engine/webhooks.ts';
import { exitCodes } from './exit.ts';
import { paint, table } from './output.ts';
import type { Run } from './program.ts';

const exampleId = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

export function webhookCommands(program: Command, run: Run): void {
  const webhook = program
    .command('webhook')
    .description('tell what happens to an address, signed as Standard Webhooks says; for owners');
  webhook
    .command('create <url>')
    .description('tell an address what happens from now on; prints the signing key, once')
    .option('--kind <kind...>', 'only these: mutation, change_set, apply, replay, action, resource, administration')
    .addHelpText('after', '\nExample:\n  headwater webhook create https://example.org/hooks --kind apply action')
    .action((url: string, options: { kind?: readonly string[] }) =>
      run('Making the webhook', async (s) => {
        const kinds = options.kind === undefined ? {} : { kinds: [...options.kind] };
        const made = await s.call<Webhook & { secret: string }>('webhook.create', { url, ...kinds });
        s.print(made, () => [
          `Webhook ${made.id} tells ${made.url} ${made.kinds.join(', ') || 'all that happens'}.`,
          `Its signing key, which is not shown again: ${made.secret}`,
        ]);
        return undefined;
      }),
    );
  webhook
    .command('list')
    .description('list the webhooks, with what was sent last')
    .addHelpText('after', '\nExample:\n  headwater webhook list')
    .action(() =>
      run('Reading webhooks', async (s) => {
        const all = await s.call<WebhookLine[]>('webhook.list');
        s.print(all, () =>
          all.length === 0
            ? ['No webhooks.']
            : all.flatMap((h) => [
                `${h.id}  ${h.url}  ${h.kinds.join(', ') || 'all kinds'}${h.disabled === undefined ? '' : paint('red', `  disabled: ${h.disabled}`)}`,
                ...table(h.recent.map((d) => [`  ${timeOf(d.atMs)}`, d.kind, `attempt ${d.attempt}`, cameBack(d)])),
              ]),
        );
        return undefined;
      }),
    );
  for (const verb of ['remove', 'enable'] as const) {
    webhook
      .command(`${verb} <id>`)
      .description(verb === 'remove' ? 'tell it nothing any more' : 'go on with a disabled one, where it stopped')
      .addHelpText('after', `\nExample:\n  headwater webhook ${verb} ${exampleId}`)
      .action((id: string) =>
        run(verb === 'remove' ? 'Removing the webhook' : 'Enabling the webhook', async (s) => {
          const hook = await s.call<Webhook>(`webhook.${verb}`, { id });
          s.print(hook, () => [`Webhook ${id} to ${hook.url} is ${verb === 'remove' ? 'removed' : 'on'}.`]);
          return undefined;
        }),
      );
  }
  webhook
    .command('test <id>')
    .description('send an event of kind test, and say what came back')
    .addHelpText('after', `\nExample:\n  headwater webhook test ${exampleId}`)
    .action((id: string) =>
      run('Sending', async (s) => {
        const sent = await s.call<Delivery>('webhook.test', { id });
        s.print(sent, () => [cameBack(sent)]);
        return (sent.status ?? 0) >= 200 && (sent.status ?? 0) < 300 ? exitCodes.ok : exitCodes.error;
      }),
    );
  const reach = program.commands.find((c) => c.name() === 'reach')!;
  for (const isAllowed of [true, false]) {
    const verb = isAllowed ? 'allow-host' : 'deny-host';
    reach
      .command(`${verb} <host>`)
      .description(`${isAllowed ? 'let' : 'do not let'} webhooks be sent to a private host: HOST or HOST:PORT`)
      .addHelpText('after', `\nExample:\n  headwater reach ${verb} 10.0.0.7:8080`)
      .action((given: string) =>
        run('Writing what is allowed', async (s) => {
          const host = hostOf(given);
          const changed = s.surroundings.reach.allowHost(s.dataFolder, host, isAllowed);
          const hosts = s.surroundings.reach.hosts(s.dataFolder);
          s.print({ host, changed, hosts }, () => [
            `Private hosts that webhooks reach: ${hosts.join(', ') || 'none'}.`,
          ]);
          return undefined;
        }),
      );
  }
}

/** As it is compared with: an address of IPv6 without its brackets. */
function hostOf(given: string): string {
  if (isHostEntry(given) || isHostEntry(`[${given}]`)) return given.replaceAll(/[[\]]/g, '');
  throw new RefusalError({
    code: 'request_malformed',
    path: 'host',
    expected: 'the name or address of a host, maybe with a port, without a scheme or a path',
    got: JSON.stringify(given),
    hint: 'headwater reach allow-host 10.0.0.7:8080',
  });
}

const timeOf = (ms: number): string => new Date(ms).toISOString();
const cameBack = (d: Delivery): string => d.error ?? `status ${d.status}`;
