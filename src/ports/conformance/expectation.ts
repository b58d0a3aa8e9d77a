// The few expectations that the conformance suites need. They throw plain Errors, so that a suite runs under any test
// framework or none; the ports know of no assertion library.

import { type FaultCode, faultCodes } from '../../base/codes.ts';

/** Deep equality of plain data (objects, arrays, Maps, scalars); undefined members count as absent. */
export function expectEqual(what: string, got: unknown, expected: unknown): void {
  const a = shown(got);
  const b = shown(expected);
  if (a !== b) throw new Error(`${what}: expected ${brief(b)}, got ${brief(a)}`);
}

export function expectTrue(what: string, condition: boolean): void {
  if (!condition) throw new Error(`${what}: expected to hold`);
}

/** The call must reject, or throw, with a Fault of this code. */
export async function expectFault(what: string, code: FaultCode, call: () => unknown): Promise<void> {
  let outcome: unknown;
  try {
    outcome = await call();
  } catch (e) {
    const got = (e as { code?: unknown }).code;
    if (got === code) return;
    throw new Error(`${what}: expected the fault ${code} (${faultCodes[code].means}), got ${String(e)}`);
  }
  throw new Error(`${what}: expected the fault ${code}, got ${brief(shown(outcome))}`);
}

/** One text per value, members in order of name. */
function shown(value: unknown): string {
  return (
    JSON.stringify(value, (_key, member: unknown) => {
      if (member instanceof Map) return { map: [...member].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)) };
      if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
      return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
    }) ?? 'undefined'
  );
}

function brief(text: string): string {
  return text.length <= 400 ? text : `${text.slice(0, 400)}… (${text.length} characters)`;
}
