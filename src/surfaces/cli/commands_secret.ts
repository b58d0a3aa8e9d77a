// Commands on secrets. A content comes from a file or from standard input, never from an argument: arguments are in the list of
// processes and in the history of the shell. No command shows a content.

import type { Command } from 'commander';
import type { Json } from '../../base/json.ts';
import { RefusalError, refuse } from '../../base/result.ts';
import type { CollectReply } from '../../engine/collect_secrets.ts';
import type { RekeyReply } from '../../engine/installation_key.ts';
import type { UseSecretReply } from '../../engine/secret_slots.ts';
import type { RotateReply, SecretLine, SetSecretReply } from '../../engine/secrets.ts';
import type { SubmitReply } from '../../engine/submit.ts';
import { readText } from './files.ts';
import { count, note, paint, table } from './output.ts';
import type { Run, Session } from './program.ts';

export function secretCommands(program: Command, run: Run): void {
  const secret = program.command('secret').description('secrets: contents that are sealed, and never shown');
  secret
    .command('set <name> [file]')
    .description('create a secret or replace its content, read from a file or (default) standard input')
    .option('--definition <schema>', 'the secret definition, a schema by name (default: the one it has)')
    .option('--description <text>', 'what it is for')
    .option('--text', 'the content is the text as it is, without the line break at its end (default: JSON)')
    .option('--sealed', 'the content was sealed by you to the public key of `secret key`')
    .option('--from <reference...>', 'no content: runs read it from env:NAME, file:/path or vault:MOUNT/PATH#FIELD')
    .option('--field <member...>', 'with --from: the member of the content that it is, as many of both as needed')
    .option('--change-set <name>', 'change set, by name or id (default: a new one)')
    .addHelpText(
      'after',
      `
Examples:
  headwater secret set staging --definition "AWS Credential" credential.json
  pass show database | headwater secret set database --definition Database --text
  headwater secret set database --definition Database --field token --from env:DB_PASSWORD
  headwater secret set cloud --field id --from vault:kv/cloud#id --field key --from vault:kv/cloud#key

What --from names is read for each run that needs it and kept nowhere; the owner of the installation allows it first, see
\`headwater secret-source\`. Without --field the content is the text itself.`,
    )
    .action((name: string, file: string | undefined, options: SetOptions) =>
      run('Setting the secret', async (s) => {
        const content = givenBy(file, options);
        const changeSet = await s.changeSet(options.changeSet, `set secret ${name}`);
        const reply = await s.call<SetSecretReply>('secret.set', {
          changeSet,
          name,
          ...content,
          ...(options.definition === undefined ? {} : { definition: options.definition }),
          ...(options.description === undefined ? {} : { description: options.description }),
        });
        s.print(reply, () => [
          `${reply.created ? 'Created' : 'Replaced the content of'} secret ${JSON.stringify(reply.name)} (${reply.secret}).`,
        ]);
        if (!s.json && reply.authentication === 0)
          note(`No authentication function is bound to the schema ${JSON.stringify(reply.definition)} yet.`);
        return undefined;
      }),
    );
  secret
    .command('list')
    .description('list secrets: definition, where they are used')
    .option('--change-set <name>', 'change set (default: HEAD)')
    .addHelpText('after', '\nExample:\n  headwater secret list')
    .action((options: { changeSet?: string }) =>
      run('Reading secrets', async (s) => {
        const lines = await s.call<SecretLine[]>('secret.list', { ...options } as { [k: string]: Json });
        s.print(lines, () => (lines.length === 0 ? ['No secrets.'] : table(lines.map(row))));
        return undefined;
      }),
    );
  secret
    .command('use <secret> [components...]')
    .description('put a secret into empty slots of its kind: of these components, or of all in the change set')
    .requiredOption('--change-set <name>', 'change set, by name or id')
    .addHelpText(
      'after',
      `
Examples:
  headwater secret use production --change-set "new network"
  headwater secret use production web database --change-set work`,
    )
    .action((name: string, components: string[], options: { changeSet: string }) =>
      run('Putting it into slots', async (s) => {
        const reply = await useSecret(s, { secret: name, changeSet: options.changeSet, components });
        s.print(reply, () => [
          `Put ${JSON.stringify(reply.secret)} into ${count(reply.slots.length, 'slot')}.`,
          ...reply.slots.map((slot) => `  ${slot.name} ${paint('dim', slot.path)}`),
        ]);
        return undefined;
      }),
    );
  secret
    .command('rename <secret> <name>')
    .description('give a secret another name; what uses it goes on using it')
    .option('--change-set <name>', 'change set (default: a new one)')
    .addHelpText('after', '\nExample:\n  headwater secret rename database "database of the shop"')
    .action((secret: string, name: string, options: { changeSet?: string }) =>
      run('Renaming the secret', (s) =>
        edit(s, options.changeSet, `rename secret ${secret}`, { kind: 'secret.rename', secret, name }),
      ),
    );
  secret
    .command('remove <secret>')
    .description('remove a secret that nothing uses')
    .option('--change-set <name>', 'change set (default: a new one)')
    .addHelpText('after', '\nExample:\n  headwater secret remove database')
    .action((secret: string, options: { changeSet?: string }) =>
      run('Removing the secret', (s) =>
        edit(s, options.changeSet, `remove secret ${secret}`, { kind: 'secret.remove', secret }),
      ),
    );
  keyCommands(secret, run);
}

/** Of no components: of all. */
export function useSecret(
  s: Session,
  of: { readonly secret: string; readonly changeSet: string; readonly components?: readonly string[] },
): Promise<UseSecretReply> {
  const { secret, changeSet, components = [] } = of;
  return s.call('secret.use', {
    secret,
    changeSet,
    ...(components.length === 0 ? {} : { components: [...components] }),
  });
}

function keyCommands(secret: Command, run: Run): void {
  secret
    .command('key')
    .description('print the public key that clients seal contents to')
    .addHelpText('after', '\nExample:\n  headwater secret key --json')
    .action(() =>
      run('Reading the key', async (s) => {
        const key = await s.call<{ generation: number; publicKey: string }>('secret.public_key');
        s.print(key, () => [`${key.publicKey}  ${paint('dim', `generation ${key.generation}`)}`]);
        return undefined;
      }),
    );
  secret
    .command('rotate')
    .description('make a new key pair for the workspace and seal every content to it')
    .option('--only-reseal', 'make no new pair: go on with a rotation that was interrupted')
    .addHelpText(
      'after',
      `\nExamples:
  headwater secret rotate
  headwater secret rotate --only-reseal`,
    )
    .action((options: { onlyReseal?: boolean }) =>
      run('Rotating', async (s) => {
        const reply = await s.call<RotateReply>('secret.rotate', { onlyReseal: options.onlyReseal === true });
        const { generation, resealed, current, unreadable } = reply;
        s.print(reply, () => [
          `Generation ${generation}: ${count(resealed, 'content')} sealed anew, ${current} were already.`,
          ...unreadable.map((key) => `  ${paint('red', 'does not open')}  ${key}`),
        ]);
        return unreadable.length > 0 ? 1 : undefined;
      }),
    );
  secret
    .command('rekey')
    .description('give the installation another key, and encrypt the keys of every workspace by it')
    .option('--only-rewrap', 'make no new key: encrypt by the one that is in use what is encrypted by an older one')
    .addHelpText(
      'after',
      `
The key in the file headwater.key is replaced by a new one; the one before is kept beside it as headwater.key.old-FINGERPRINT, for
backups from before. Ended at any moment, run it again: until it is through, both keys are read.

A key from the environment is made by you: give the engine the new one as HEADWATER_KEY and the one before as HEADWATER_KEY_OLD
(several are divided by spaces), run this, then take HEADWATER_KEY_OLD away. The same way a key goes from the file to the
environment (HEADWATER_KEY alone; the file is read while it is there) and back (HEADWATER_KEY_OLD alone).

After a leak of the key: this, then \`headwater secret rotate\`, and new contents wherever they are used.

Examples:
  headwater secret rekey
  HEADWATER_KEY=$(cat new.key) HEADWATER_KEY_OLD=$(cat old.key) headwater secret rekey`,
    )
    .action((options: { onlyRewrap?: boolean }) =>
      run('Changing the key', async (s) => {
        const reply = await s.call<RekeyReply>('secret.rekey', { onlyRewrap: options.onlyRewrap === true });
        s.print(reply, () => rekeyed(reply));
        if (!s.json && options.onlyRewrap !== true && reply.from === reply.to && reply.kept === null)
          note('No new key was made, as the key comes from the environment: see the help of this command.');
        return reply.locked.length > 0 ? 1 : undefined;
      }),
    );
  secret
    .command('collect')
    .description('remove sealed contents that nothing has named for a long time')
    .addHelpText('after', '\nExample:\n  headwater secret collect')
    .action(() =>
      run('Collecting', async (s) => {
        const reply = await s.call<CollectReply>('secret.collect');
        s.print(reply, () => [`${count(reply.removed, 'content')} removed, ${reply.kept} kept.`]);
        if (!s.json && reply.isUnsure)
          note('Edits went on all the while, so nothing could be removed: try again later.');
        return undefined;
      }),
    );
}

function rekeyed({ from, to, rewrapped, locked, kept }: RekeyReply): string[] {
  return [
    `Installation key ${to}${from === to ? '' : `, before ${from}`}: ${count(rewrapped.length, 'workspace')} encrypted by it anew.`,
    ...(kept === null ? [] : [`The key before is kept in ${kept}: move it to where your backups from before are.`]),
    ...locked.map((name) => `  ${paint('red', 'opens with no key here')}  workspace ${name}`),
  ];
}

interface SetOptions {
  readonly definition?: string;
  readonly description?: string;
  readonly text?: boolean;
  readonly sealed?: boolean;
  readonly from?: readonly string[];
  readonly field?: readonly string[];
  readonly changeSet?: string;
}

type Given = { readonly content: Json } | { readonly sealed: string } | { readonly from: Json };

function givenBy(file: string | undefined, options: SetOptions): Given {
  const { from, field = [], text, sealed } = options;
  if (from === undefined && field.length === 0) return contentOf(file ?? '-', options);
  const isContent = file !== undefined || text === true || sealed === true;
  const fits = field.length === 0 ? from?.length === 1 : field.length === from?.length;
  if (!isContent && fits && new Set(field).size === field.length)
    return { from: field.length === 0 ? from![0]! : Object.fromEntries(field.map((name, i) => [name, from![i]!])) };
  throw new RefusalError(
    refuse('request_malformed', {
      path: '--from',
      expected: 'one --from alone, or as many as there are --field, each of another name, and no content besides',
      got: `${count(from?.length ?? 0, '--from')}, ${count(field.length, '--field')}${isContent ? ' and a content' : ''}`,
      hint: 'headwater secret set database --field token --from env:DB_PASSWORD',
    }).refusal,
  );
}

function contentOf(file: string, options: SetOptions): Given {
  const given = readText(file);
  if (options.sealed === true) return { sealed: given.trim() };
  if (options.text === true) return { content: given.replace(/\r?\n$/, '') };
  try {
    return { content: JSON.parse(given) as Json };
  } catch {
    // The parser's message quotes the text.
    throw new RefusalError(
      refuse('request_malformed', {
        path: file,
        expected: 'JSON',
        got: 'something else (not shown)',
        hint: 'correct the file, or say --text',
      }).refusal,
    );
  }
}

function row({ name, definition, slots, authentication, description, from }: SecretLine): string[] {
  const runs = authentication.length === 0 ? 'no authentication function' : authentication.join(', ');
  return [name, definition, `used ${count(slots.length, 'time')}`, runs, referred(from), paint('dim', description)];
}

function referred(from: SecretLine['from']): string {
  if (from === undefined) return '';
  if (typeof from === 'string') return `from ${from}`;
  return Object.entries(from)
    .map(([member, reference]) => `${member} from ${reference}`)
    .join(', ');
}

async function edit(s: Session, given: string | undefined, name: string, mutation: Json): Promise<undefined> {
  const changeSet = await s.changeSet(given, name);
  const reply = await s.call<SubmitReply>('submit', { changeSet, mutations: [mutation] });
  if (reply.steps.every((step) => step.edits === 0)) await s.giveUp();
  s.print(reply, () => reply.steps.map((step) => step.sentence));
  return undefined;
}
