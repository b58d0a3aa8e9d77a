// Commands on what is there at providers: listing the resources of a schema, and taking them over as components. Pages are
// asked for one after the other, so that a command answers with all of them.

import { type Command, InvalidArgumentError } from 'commander';
import type { Json } from '../../base/json.ts';
import type { ResourceImportReply, ResourceLine, ResourceListReply } from '../../engine/resource_import.ts';
import { note } from './output.ts';
import type { Params, Run } from './program.ts';
import { resourceImportLines, resourceLines } from './render_resource.ts';

type Texts = Readonly<Record<string, string>>;

interface Options {
  readonly changeSet?: string;
  readonly secret: Texts;
  readonly filter: Texts;
  readonly all?: boolean;
  readonly name: Texts;
}

/** Collects `NAME=TEXT`, given any number of times. */
function pair(given: string, before: Texts): Texts {
  const at = given.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write it as name=text.');
  return { ...before, [given.slice(0, at)]: given.slice(at + 1) };
}

export function resourceCommands(program: Command, run: Run): void {
  const resource = program.command('resource').description('what is there at providers, and taking it over');
  const asked = (command: Command): Command =>
    command
      .option('--secret <slot=name>', 'a secret by the slot that takes it; may be given again', pair, {})
      .option('--filter <property=json>', 'a property below /domain that the list function filters by', pair, {});
  asked(resource.command('list <schema>'))
    .description('the resources of a schema, and which component has which')
    .option('--change-set <name>', 'change set (default: HEAD)')
    .addHelpText(
      'after',
      `
Examples:
  headwater resource list AWS::S3::Bucket --secret "credential=main account"
  headwater resource list Demo::Site --filter Zone=north --change-set "take over" --json`,
    )
    .action((schema: string, options: Options) =>
      run('Listing', async (s) => {
        const resources: ResourceLine[] = [];
        const messages: string[] = [];
        const changeSet = options.changeSet === undefined ? {} : { changeSet: options.changeSet };
        let cursor: string | null = null;
        do {
          const next: Params = cursor === null ? {} : { cursor };
          const page: ResourceListReply = await s.call('resource.list', {
            ...paramsOf(schema, options),
            ...changeSet,
            ...next,
          });
          resources.push(...page.resources);
          if (page.message !== '') messages.push(page.message);
          cursor = page.cursor;
        } while (cursor !== null);
        s.print({ schema, resources, messages }, () => [...resourceLines(resources), ...messages]);
        return undefined;
      }),
    );
  asked(resource.command('import <schema> [ids...]'))
    .description(
      'make a component of each resource, with its values, links and what is known of it; nothing is done to it',
    )
    .option('--change-set <name>', 'change set, by name or id (default: a new one)')
    .option('--all', 'every resource that no component has')
    .option('--name <id=name>', 'name of the component of a resource; may be given again', pair, {})
    .addHelpText(
      'after',
      `
Examples:
  headwater resource import AWS::EC2::VPC vpc-0a1b2c --secret "credential=main account" --change-set "take over"
  headwater resource import AWS::EC2::Subnet --all --secret "credential=main account" --change-set "take over"`,
    )
    .action((schema: string, ids: readonly string[], options: Options) =>
      run('Importing', async (s) => {
        const changeSet = await s.changeSet(options.changeSet, `import ${schema}`);
        const which: Params = {
          ...(options.all ? { all: true } : {}),
          ...(ids.length > 0 ? { resourceIds: ids } : {}),
        };
        const params = { ...paramsOf(schema, options), changeSet, ...which, names: options.name };
        const reply = await s.call<ResourceImportReply>('resource.import', params);
        if (reply.imported.length === 0 && reply.known.every((k) => k.refresh !== 'here')) await s.giveUp();
        s.print(reply, () => resourceImportLines(reply));
        if (!s.json && reply.imported.length > 0)
          note(`Review it with: headwater change-set review ${reply.changeSet}`);
        return undefined;
      }),
    );
}

function paramsOf(schema: string, { secret, filter }: Options): Params {
  const domain = Object.fromEntries(Object.entries(filter).map(([name, text]) => [name, jsonOr(text)]));
  return { schema, secrets: secret, domain };
}

/** JSON where it is some, else the text itself. */
function jsonOr(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
