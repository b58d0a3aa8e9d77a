// A schema and its functions in one file. Types follow from the properties: an editor completes `domain.Name` below.
//
//   headwater schema types -o headwater.d.ts     what an editor needs
//   headwater schema author queue.ts --name Acme::Queue --change-set "our types"

const daySeconds = 24 * 60 * 60;

const isPlain = (name: string): boolean => /^[a-z][a-z0-9-]*$/.test(name);

export default defineSchema({
  docs: 'A queue of messages.',
  domain: {
    Name: { kind: 'string', required: true, docs: 'Lower case, with dashes.' },
    Environment: { kind: 'string', enum: ['staging', 'production'], default: 'staging' },
    RetentionSeconds: { kind: 'integer', default: 4 * daySeconds, minimum: 60, maximum: 14 * daySeconds },
    DeadLetters: {
      kind: 'object',
      properties: { Queue: { kind: 'string' }, After: { kind: 'integer', default: 5 } },
    },
    FullName: { kind: 'string', docs: 'Name and environment.' },
  },
  resource: { Url: { kind: 'string', docs: 'Where messages are sent to.' } },
  attributes: {
    fullName: {
      arguments: { name: '/domain/Name', environment: '/domain/Environment' },
      output: '/domain/FullName',
      main: ({ name, environment }) => `${name}-${environment}`,
    },
  },
  code: {
    settings({ domain }) {
      const { FullName, RetentionSeconds, DeadLetters } = domain;
      return { format: 'yaml', code: YAML.stringify({ FullName, RetentionSeconds, to: DeadLetters?.Queue ?? null }) };
    },
  },
  qualifications: {
    plainName({ domain }) {
      return isPlain(domain.Name)
        ? { result: 'success' }
        : { result: 'failure', message: `${domain.Name} is not lower case with dashes` };
    },
    keepsADay: ({ domain }) => ({ result: domain.RetentionSeconds < daySeconds ? 'warning' : 'success' }),
  },
});
