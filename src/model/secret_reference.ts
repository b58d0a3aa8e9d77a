// Where the content of a secret comes from when it is not kept here: `env:NAME`, `file:/path`, `vault:MOUNT/PATH#FIELD`. Also
// what the installation's owner allows of them: `env:NAME`, `file:/folder/`, `vault:MOUNT/` or `vault:MOUNT/FOLDER/`. Both are
// read strictly: what could mean two places (`..`, `//`, escapes) is none. Reading them is the port's business.

import { unreachable } from '../base/result.ts';

export type SecretReference =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'vault'; readonly path: string; readonly field: string };

const lengthMax = 1024;
const variable = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** The engine's own key and the token of its vault are in these, and no secrets of workspaces. */
const engineVariable = /^(HEADWATER|VAULT)_/;
const vaultSegment = /^[A-Za-z0-9_.@:+-]+$/;
const control = /[\u0000-\u001f\u007f]/;
/** Not files of anybody, but windows into processes and devices. */
const machineFolders = ['/proc/', '/sys/', '/dev/'];

/** Undefined: it is none. */
export function parseReference(text: string): SecretReference | undefined {
  if (text.length > lengthMax || control.test(text)) return undefined;
  if (text.startsWith('env:')) return isVariable(text.slice(4)) ? { kind: 'env', name: text.slice(4) } : undefined;
  if (text.startsWith('file:')) return isFilePath(text.slice(5)) ? { kind: 'file', path: text.slice(5) } : undefined;
  if (!text.startsWith('vault:')) return undefined;
  const [path = '', ...field] = text.slice('vault:'.length).split('#');
  const isWhole = path.includes('/') && isVaultPath(path) && field.length === 1 && field[0] !== '';
  return isWhole ? { kind: 'vault', path, field: field[0]! } : undefined;
}

/** Whether the text says what an owner may allow. */
export function isAllowance(text: string): boolean {
  if (text.length > lengthMax || control.test(text)) return false;
  if (text.startsWith('env:')) return isVariable(text.slice(4));
  if (!text.endsWith('/')) return false;
  if (text.startsWith('file:')) return isFilePath(text.slice(5, -1));
  return text.startsWith('vault:') && isVaultPath(text.slice('vault:'.length, -1));
}

/** What would have to be allowed for the reference, as small as it can be said. */
export function allowanceFor(reference: SecretReference): string {
  switch (reference.kind) {
    case 'env':
      return `env:${reference.name}`;
    case 'file':
      return `file:${reference.path.slice(0, reference.path.lastIndexOf('/') + 1)}`;
    case 'vault':
      return `vault:${reference.path.slice(0, reference.path.lastIndexOf('/') + 1)}`;
    default:
      return unreachable(reference);
  }
}

/** By its words alone: where a path leads by links is looked at when it is read. */
export function allows(allowance: string, reference: SecretReference): boolean {
  if (reference.kind === 'env') return allowance === `env:${reference.name}`;
  return allowance.endsWith('/') && `${reference.kind}:${reference.path}`.startsWith(allowance);
}

/** Whether nothing below this path is ever read, whoever allows it. */
export function isMachinePath(path: string): boolean {
  return machineFolders.some((folder) => `${path}/`.startsWith(folder));
}

function isVariable(name: string): boolean {
  return variable.test(name) && !engineVariable.test(name);
}

function isFilePath(path: string): boolean {
  return path.startsWith('/') && path.slice(1).split('/').every(isSegment) && !isMachinePath(path);
}

function isVaultPath(path: string): boolean {
  return path.split('/').every((segment) => isSegment(segment) && vaultSegment.test(segment));
}

function isSegment(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..';
}
