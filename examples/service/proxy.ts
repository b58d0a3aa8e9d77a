// code-generation: text made of the whole component, kept beside it. `YAML` is there without an import.

function main({ domain }: Input): Output {
  console.log(`proxy for ${domain.Host}`);
  const backend = { server: `${domain.Host}:${domain.Port}`, tls: domain.Scheme === 'https' };
  return { format: 'yaml', code: YAML.stringify({ backends: [backend] }) };
}
