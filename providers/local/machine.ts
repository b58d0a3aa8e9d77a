// The credential of the provider `local`: where the agent of a machine is, and the token that it made. Its content is the file
// credential.json that `headwater local` names at its start.

export default defineSchema({
  docs: 'A machine with a local agent: `headwater local --root FOLDER` runs on it.',
  domain: {},
  definesSecret: {
    name: 'Local Machine',
    fields: {
      Endpoint: { kind: 'string', required: true, docs: 'Such as `http://127.0.0.1:4712` or `unix:/run/local.sock`.' },
      Token: { kind: 'string', required: true, docs: 'What the agent made at its first start.' },
    },
  },
  authentication: {
    // What is reached is the agent, wherever the credential says that it is.
    // @network $Endpoint
    machine(secret) {
      requestStorage.setItem('machine', { Endpoint: secret.Endpoint, Token: secret.Token });
    },
  },
});
