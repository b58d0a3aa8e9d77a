// transformation: a value on its way from one component to another.

function main({ input }: Input): string {
  return `${input ?? 'nobody'}`.toUpperCase();
}
