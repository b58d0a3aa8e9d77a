// management: edits, made for a component. What `main` returns becomes one batch of edits in the change set: here two
// parameters that follow the service, so that others find it. They are the service's from then on: run again, the function
// is given them, and creates only what is not there.

function main({ thisComponent, components }: Input): Output {
  const { name } = thisComponent.properties.si;
  const there = new Set(Object.values(components).map((c) => c.properties.si.name));
  const create: { [name: string]: Create } = {};
  for (const [part, path] of [
    ['url', '/domain/Url'],
    ['host', '/domain/Host'],
  ]) {
    const parameter = `${name}.${part}`;
    if (there.has(parameter)) continue;
    create[parameter] = {
      kind: 'AWS::SSM::Parameter',
      properties: { domain: { Name: `/services/${name}/${part}`, Type: 'String' } },
      attributes: { '/domain/Value': { $source: { component: 'self', path } } },
    };
  }
  console.log(`${there.size} there, ${Object.keys(create).length} to create`);
  return { status: 'ok', message: `${name} is published.`, ops: { create } };
}
