// qualification: success, warning or failure, with a message.

function main({ domain }: Input): Output {
  if (domain.Scheme === 'https') return { result: 'success', message: 'Traffic is encrypted.' };
  return domain.Port === 80
    ? { result: 'warning', message: 'Plain HTTP, on the port everybody tries.' }
    : { result: 'failure', message: `Plain HTTP on port ${domain.Port}.` };
}
