// Who asks AWS, in which region and where. The members are those that credentials of System Initiative have, a region, and
// what else it takes to assume a role. The keys of a role are asked for anew by each run, and are gone with it.

async function login(secret: any): Promise<void> {
  // @network *.amazonaws.com *.amazonaws.com.cn $Endpoint
  // @plain Region AWS_REGION AWS_DEFAULT_REGION AssumeRole SessionName DurationSeconds
  const { Region, Endpoint, AssumeRole } = secret;
  const { AccessKeyId, SecretAccessKey, SessionToken } = AssumeRole ? await keysOfRole(secret) : secret;
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

/** Of the role that the secret names. To go on without them would be as somebody else: what fails here stops the run. */
async function keysOfRole(secret: any): Promise<any> {
  const { AccessKeyId, SecretAccessKey, SessionToken, Region, Endpoint } = secret;
  const { AssumeRole, ExternalId, SessionName, DurationSeconds } = secret;
  const client = new STS.STSClient({
    region: Region || homeOf(AssumeRole),
    credentials: {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      ...(SessionToken ? { sessionToken: SessionToken } : {}),
    },
    ...(Endpoint ? { endpoint: Endpoint } : {}),
    maxAttempts: 5,
  });
  const command = new STS.AssumeRoleCommand({
    RoleArn: AssumeRole,
    RoleSessionName: SessionName || 'headwater',
    ...(ExternalId ? { ExternalId } : {}),
    ...(DurationSeconds ? { DurationSeconds: Number(DurationSeconds) } : {}),
  });
  try {
    return (await client.send(command)).Credentials;
  } catch (e: any) {
    throw new Error(`the role ${AssumeRole} cannot be assumed: ${e.name}: ${e.message}`);
  }
}

/** A region of the partition that the role is in, where the secret names none: keys given out there are good in all of it. */
const homes: { readonly [partition: string]: string } = { 'aws-cn': 'cn-north-1', 'aws-us-gov': 'us-gov-west-1' };
const homeOf = (arn: string): string => homes[arn.split(':')[1] ?? ''] ?? 'us-east-1';

export default defineSchema({
  docs: 'A credential of AWS: keys, a role that is assumed with them, and the region in which resources are made.',
  domain: {},
  definesSecret: {
    name: 'AWS Credential',
    fields: {
      AccessKeyId: { kind: 'string', required: true },
      SecretAccessKey: { kind: 'string', required: true },
      SessionToken: { kind: 'string', docs: 'Of temporary keys.' },
      AssumeRole: {
        kind: 'string',
        docs: 'Arn of a role: the keys assume it, and everything is done with the temporary keys of that.',
      },
      ExternalId: { kind: 'string', docs: 'What the trust policy of the role asks for.' },
      SessionName: { kind: 'string', docs: 'What the session of the role is called in the logs of AWS: headwater.' },
      DurationSeconds: {
        kind: 'integer',
        docs: 'How long the keys of the role are good: 3600. Each run asks for its own.',
      },
      Region: {
        kind: 'string',
        docs: 'Where resources are made and looked for, such as eu-central-1, but for components that say it themselves.',
      },
      Endpoint: {
        kind: 'string',
        docs: 'Another Cloud Control endpoint than that of the region, such as a local cloud; roles are assumed there, too.',
      },
    },
  },
  authentication: { login },
});
