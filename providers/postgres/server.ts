// How a PostgreSQL server is reached: the kind of secret that everything on it takes as its credential.

export default defineSchema({
  docs: 'A PostgreSQL server and the user that acts there: Host, Port, User and Password, or all of it as one Url.',
  definesSecret: {
    name: 'Postgres Server',
    fields: {
      Host: { kind: 'string' },
      Port: { kind: 'integer', docs: 'Needed with Host; 5432 as a rule.' },
      User: { kind: 'string', docs: 'Left out: postgres.' },
      Password: { kind: 'string', widget: 'password' },
      Database: { kind: 'string', docs: 'To which it connects for what is in no database. Left out: postgres.' },
      Tls: { kind: 'string', enum: ['disable', 'require', 'verify-full'], docs: 'Left out: disable.' },
      Ca: {
        kind: 'string',
        docs: 'Certificates (PEM) that the server is verified with, where they are not public ones.',
      },
      Url: {
        kind: 'string',
        widget: 'password',
        docs: 'In place of the others: `postgres://USER:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full`, its parts percent-encoded.',
      },
    },
  },
  domain: {},
  authentication: {
    // @network $Url $Host:$Port
    // @plain Host Port User Database Tls Ca
    // @plain postgresHost postgresPort postgresUser postgresDatabase postgresTls postgresCa
    reach(secret) {
      const url = secret.Url ? new URL(secret.Url) : undefined;
      const part = (text: string | undefined) => (text ? decodeURIComponent(text) : undefined);
      const host = url === undefined ? secret.Host : url.hostname.replace(/^\[|\]$/g, '');
      const port = url === undefined ? secret.Port : Number(url.port || 5432);
      if (!host || !port) throw new Error('the secret has neither Url nor both of Host and Port');
      requestStorage.setItem('postgresHost', host);
      requestStorage.setItem('postgresPort', port);
      requestStorage.setItem('postgresUser', part(url?.username) ?? secret.User ?? 'postgres');
      requestStorage.setItem('postgresDatabase', part(url?.pathname.slice(1)) ?? secret.Database ?? 'postgres');
      requestStorage.setItem('postgresTls', url?.searchParams.get('sslmode') ?? secret.Tls ?? 'disable');
      requestStorage.setItem('postgresCa', secret.Ca ?? null);
      requestStorage.setItem('postgresPassword', part(url?.password) ?? secret.Password ?? '');
    },
  },
});
