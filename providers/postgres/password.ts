// The password of a role: a kind of secret of its own, so that it can be replaced without the server's, and used by others.

export default defineSchema({
  docs: 'A password that a role gets.',
  definesSecret: {
    name: 'Postgres Password',
    fields: { Password: { kind: 'string', required: true, widget: 'password' } },
  },
  domain: {},
  authentication: {
    take(secret) {
      requestStorage.setItem('postgresRolePassword', secret.Password);
    },
  },
});
