// Refusals of what comes from outside and is not of the shape that it should be. Who checks one kind of document or request has
// one hint for all of it.

import { brief, type Json } from './json.ts';
import { type Refusal, refuse } from './result.ts';

/** Makes the refusals `request_malformed` of one kind: where, what was expected, what came, shortened. */
export function malformedWith(
  hint: string,
): (path: string, expected: string, got: unknown) => { readonly ok: false; readonly refusal: Refusal } {
  return (path, expected, got) =>
    refuse('request_malformed', { path, expected, got: brief(got as Json | undefined), hint });
}
