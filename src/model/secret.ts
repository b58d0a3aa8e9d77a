// A secret as the model sees it: a name, a definition and the key of its sealed content. Values never enter a snapshot,
// a log or an audit entry.

export interface SecretRecord {
  readonly name: string;
  /** The secret definition (a schema name) it is of. */
  readonly definition: string;
  readonly description: string;
  /** Changes whenever the content changes; refers to the sealed content in the vault. */
  readonly key: string;
}
