// attribute: one value of a component made of others. Where they come from is said when the function is bound.

function main({ scheme, host, port }: Input): string | null {
  if (!host) return null;
  const usual: Record<string, number> = { http: 80, https: 443 };
  return usual[scheme] === port ? `${scheme}://${host}` : `${scheme}://${host}:${port}`;
}
