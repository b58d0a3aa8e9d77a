// How directories, files, templates and processes ask the agent: what is put before the text of each (`with` in provider.json).

/** Asks the agent. What it refuses is the result of the action; all that is asked of it may be asked again. */
async function ask(method: string, path: string, body?: object): Promise<any> {
  const { Endpoint, Token } = requestStorage.getItem('machine');
  const at = Endpoint.startsWith('unix:') ? `http+unix://${encodeURIComponent(Endpoint.slice(5))}` : Endpoint;
  const authorization = `Bearer ${Token}`;
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  let status: number;
  let json: any;
  try {
    const answer = await fetch(`${at}/v1/resources/${path}`, { method, headers: { authorization }, ...sent });
    status = answer.status;
    json = await answer.json();
  } catch (e) {
    // It is away, or went away before it had answered.
    return { refused: { status: 'error', message: `the agent does not answer: ${e}`, errorClass: 'transient' } };
  }
  if (json.error === undefined) return json;
  const { code, message, expected, hint } = json.error;
  const more = [expected && `expected ${expected}`, hint].filter(Boolean).join('; ');
  const errorClass = status >= 500 ? 'transient' : 'permanent';
  return {
    refused: { status: 'error', message: more === '' ? message : `${message} (${more})`, errorClass },
    isGone: ['not_found', 'other_kind', 'path_refused'].includes(code),
  };
}

interface Listed {
  readonly kind: 'directory' | 'file' | 'process';
  /** Only what lies below this directory. */
  readonly below?: string;
  readonly cursor?: string;
}

/** A page of what is there. `shown` gives what is told of one, or a text: why it is left out, which is told then. */
async function listed({ kind, below = '', cursor }: Listed, shown: (resource: any) => object | string): Promise<any> {
  const words = Object.entries({ below, cursor }).filter(([, text]) => text);
  const query = words.map(([word, text]) => `${word}=${encodeURIComponent(text ?? '')}`).join('&');
  const page = await ask('GET', query === '' ? kind : `${kind}?${query}`);
  if (page.refused !== undefined) return page.refused;
  const left: string[] = page.passedBy.map(({ why }: any) => why);
  const resources: object[] = [];
  for (const { id, resource } of page.items) {
    const payload = shown(resource);
    if (typeof payload === 'string') left.push(payload);
    else resources.push({ resourceId: id, name: id, payload });
  }
  const told = left.length === 0 ? {} : { message: `There and not listed: ${left.join('; ')}` };
  return {
    status: left.length === 0 ? 'ok' : 'warning',
    resources,
    ...told,
    ...(page.cursor && { cursor: page.cursor }),
  };
}

/** What is wrong with a path below the root of the agent; undefined: nothing. */
function wrongPath(path: string): string | undefined {
  if (path.startsWith('/')) return `${path} is absolute: name it from the root of the agent`;
  if (/[\u0000-\u001f\u007f]/.test(path)) return `${JSON.stringify(path)} has control characters`;
  for (const name of path.split('/')) {
    if (name === '..') return `${path} leaves its folder: leave out every ..`;
    if (name === '' || name === '.') return `${JSON.stringify(path)} has a part without a name`;
    if (name.startsWith('.headwater-'))
      return `${path} has a name that begins with .headwater-, which is the agent's own`;
  }
  return undefined;
}

const verdict = (wrong: string | undefined) =>
  wrong === undefined ? ({ result: 'success' } as const) : ({ result: 'failure', message: wrong } as const);
