// A page for somebody whose browser shows what a server has to say, and the headers it is sent with. Text alone, which is
// escaped, and a policy under which a browser would run nothing in it either.

export function pageOf(
  title: string,
  lines: readonly string[],
): { readonly html: string; readonly headers: Readonly<Record<string, string>> } {
  const paragraphs = lines.map((line) => `<p>${escaped(line)}</p>`).join('\n');
  return {
    html: `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>${escaped(title)}</title>\n<h1>${escaped(title)}</h1>\n${paragraphs}\n</html>\n`,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
    },
  };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (c) => entities[c] ?? c);
}
