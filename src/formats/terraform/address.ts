// Addresses of resources as Terraform writes them: with the keys of `count` and `for_each`, which tell instances apart,
// and without, as configurations and dependencies name them.

/** How an instance's key is written behind its name; '' for none. */
export function keyText(key: string | number | null): string {
  if (key === null) return '';
  return typeof key === 'number' ? `[${key}]` : `[${JSON.stringify(key)}]`;
}

/** The address without keys: `module.a["x"].aws_vpc.main[0]` is `module.a.aws_vpc.main`. */
export function withoutKeys(address: string): string {
  let out = '';
  for (let i = 0; i < address.length; ) {
    if (address[i] !== '[') {
      out += address[i++];
      continue;
    }
    for (i++; i < address.length && address[i] !== ']'; i++) {
      if (address[i] !== '"') continue;
      for (i++; i < address.length && address[i] !== '"'; i++) if (address[i] === '\\') i++;
    }
    i++;
  }
  return out;
}

/** `parts` with dots between, empty ones left out. */
export function addressOf(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('.');
}
