// Provider packages: schemas with their functions for one provider each, which come with the product and are authored in a
// workspace when somebody asks for them. Answers come at once; what is given is immutable.

export interface ProviderSchema {
  /** The schema's name; `ORIGIN::*`: its action functions stand for all schemas of that catalogue. */
  readonly name: string;
  /** Where it is listed; absent: as schemas of users are. */
  readonly category?: string;
  /** Its definition. */
  readonly text: string;
}

export interface ProviderPackage {
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  /** In the order in which they are authored. */
  readonly schemas: readonly ProviderSchema[];
}

export interface ProviderPackages {
  /** In order of their names. */
  list(): readonly ProviderPackage[];
}
