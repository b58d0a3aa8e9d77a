// Who asks AWS, in which region and where. The members are those that credentials of System Initiative have, and a region.

async function login(secret: any): Promise<void> {
  // @network *.amazonaws.com *.amazonaws.com.cn $Endpoint
  // @plain Region AWS_REGION AWS_DEFAULT_REGION
  const { AccessKeyId, SecretAccessKey, SessionToken, Region, Endpoint, AssumeRole } = secret;
  // To go on as somebody else than was meant would be worse than to stop.
  if (AssumeRole)
    throw new Error('AssumeRole is not supported: put the keys of the role into the secret, with their SessionToken');
  const items = { AccessKeyId, SecretAccessKey, SessionToken, Region, Endpoint };
  for (const [name, value] of Object.entries(items)) if (value) requestStorage.setItem(name, value);
  const variables = {
    AWS_ACCESS_KEY_ID: AccessKeyId,
    AWS_SECRET_ACCESS_KEY: SecretAccessKey,
    AWS_SESSION_TOKEN: SessionToken,
    AWS_REGION: Region,
    AWS_DEFAULT_REGION: Region,
    AWS_ENDPOINT_URL: Endpoint,
  };
  for (const [name, value] of Object.entries(variables)) if (value) requestStorage.setEnv(name, value);
}

export default defineSchema({
  docs: 'A credential of AWS: keys, and the region in which resources are made.',
  domain: {},
  definesSecret: {
    name: 'AWS Credential',
    fields: {
      AccessKeyId: { kind: 'string', required: true },
      SecretAccessKey: { kind: 'string', required: true },
      SessionToken: { kind: 'string', docs: 'Of temporary keys.' },
      AssumeRole: { kind: 'string', docs: 'Not supported: a credential that has it is refused.' },
      Region: { kind: 'string', docs: 'Where resources are made and looked for, such as eu-central-1.' },
      Endpoint: {
        kind: 'string',
        docs: 'Another Cloud Control endpoint than that of the region, such as a local cloud.',
      },
    },
  },
  authentication: { login },
});
