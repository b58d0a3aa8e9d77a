// How volumes, networks and containers ask an engine: what is put before the text of each (`with` in provider.json).

// The engine's API. This part is the same in every file of the provider that asks it.

interface Texts {
  [name: string]: string;
}
interface Answer {
  status: number;
  body: Awaited<ReturnType<FetchResponse['json']>>;
}

const keyLabel = 'headwater.key';
const componentLabel = 'headwater.component';

/** An error that says whether trying again may help. */
function problem(message: string, errorClass = 'permanent') {
  return Object.assign(new Error(message), { errorClass });
}

/** Asks the engine. That it cannot answer now is thrown. */
async function ask(method: string, path: string, body?: object): Promise<Answer> {
  const unreachable = (why: string) => problem(`the container engine cannot be reached: ${why}`, 'transient');
  let response: FetchResponse;
  try {
    response = await fetch(`${requestStorage.getItem('Engine')}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  } catch (error) {
    // What the run may not reach it may not reach the next time either.
    if ((error.code ?? error.cause?.code) === 'refused_by_sandbox') throw error;
    throw unreachable(error.cause?.message || error.message);
  }
  const text = await response.text();
  if ([429, 502, 503, 504].includes(response.status)) throw unreachable(text.trim() || `status ${response.status}`);
  try {
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  } catch {
    return { status: response.status, body: { message: text.trim() } };
  }
}

/** What was not expected of the engine, as an error. What somebody uses may be used no more later. */
function refused(doing: string, { status, body }: Answer) {
  const message = body?.message || `the engine answers with status ${status}`;
  const passes = /already in progress|in use|being used|active endpoints/.test(message);
  return problem(`${doing}: ${message}`, passes ? 'conflict' : 'permanent');
}

/** The labels of what is made for a component: a creation that was cut off is found by its key. */
const labelsOf = (si: { name: string }, key: string) => ({ [keyLabel]: key, [componentLabel]: si.name });

function mustBeOurs(what: string, labels: Texts | null | undefined, key: string): void {
  if (labels?.[keyLabel] === key) return;
  const by = labels?.[componentLabel];
  throw problem(
    `there is a ${what} already, ${by === undefined ? 'which was not made from here' : `which was made earlier for ${by}`}: ` +
      'import it, choose another /domain/Name, or remove it',
  );
}

function withoutOwn(labels: Texts | null | undefined): Texts {
  const { [keyLabel]: _key, [componentLabel]: _component, ...others } = labels ?? {};
  return others;
}

async function told<T>(work: () => Promise<T>) {
  try {
    return await work();
  } catch (error) {
    if (error.errorClass === undefined) throw error;
    return { status: 'error' as const, errorClass: error.errorClass, message: error.message };
  }
}

// The engine's API ends here.
