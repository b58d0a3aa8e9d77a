// The part of the AWS service specification that the derivation reads, as plain structures. The package itself is a
// development dependency with a database of its own; naming the shape here keeps it out of the compiled product and
// lets a test hand in a specification of three lines. Fields that the derivation ignores are not listed: tagging
// details, scrutiny, ARN templates, and `previousTypes` (what a property's type used to be; only the current one counts).

/** A value's type. `ref` points at a definition by its id in the specification. */
export type SpecType =
  | { readonly type: 'string'; readonly allowedValues?: readonly string[] }
  | { readonly type: 'integer'; readonly allowedValues?: readonly number[] }
  | { readonly type: 'number' | 'boolean' | 'json' | 'date-time' | 'null' | 'tag' }
  | { readonly type: 'array' | 'map'; readonly element: SpecType }
  | { readonly type: 'union'; readonly types: readonly SpecType[] }
  | { readonly type: 'ref'; readonly reference: { readonly $ref: string } };

export interface SpecProperty {
  readonly type: SpecType;
  readonly documentation?: string;
  readonly required?: boolean;
  /** What the provider assumes where nothing is sent, as text for people. */
  readonly defaultValue?: string;
  /** `WARN`: discouraged; `IGNORE`: never was a property, listed by mistake. */
  readonly deprecated?: string;
  readonly causesReplacement?: 'yes' | 'no' | 'maybe';
  /** Outputs of other types that this property takes. */
  readonly relationshipRefs?: readonly { readonly cloudFormationType: string; readonly propertyName: string }[];
}

export type SpecProperties = { readonly [name: string]: SpecProperty };

export interface SpecDefinition {
  readonly name: string;
  readonly documentation?: string;
  readonly properties: SpecProperties;
}

export interface SpecResource {
  readonly cloudFormationType: string;
  readonly documentation?: string;
  /** Names, or paths with `/` between them, that together identify the resource. */
  readonly primaryIdentifier?: readonly string[];
  /** What a reference to the resource gives, where it is not the primary identifier. */
  readonly cfnRefIdentifier?: readonly string[];
  readonly properties: SpecProperties;
  /** Read-only outputs by name; a dotted name is a member of the output before the dot. */
  readonly attributes: SpecProperties;
  /** Paths (`*` for every element) that replace the resource and that no definition could be marked with. */
  readonly additionalReplacementProperties?: readonly (readonly string[])[];
}

/** The specification as the derivation sees it. */
export interface Spec {
  readonly resources: readonly SpecResource[];
  /** The definition of that id; throws for an unknown one. */
  definition(id: string): SpecDefinition;
}

/** The id under which `specDefinition` finds the tag every taggable type shares. No id of the specification is empty. */
const tagId = '';

const tag: SpecDefinition = {
  name: 'Tag',
  documentation: 'A key and a value attached to the resource.',
  properties: {
    Key: { type: { type: 'string' }, required: true, documentation: 'The key of the tag.' },
    Value: { type: { type: 'string' }, required: true, documentation: 'The value of the tag.' },
  },
};

export function specDefinition(spec: Spec, id: string): SpecDefinition {
  return id === tagId ? tag : spec.definition(id);
}

/** The id of the definition a type refers to; undefined for a type that is not a structure. */
export function definitionId(type: SpecType): string | undefined {
  return type.type === 'ref' ? type.reference.$ref : type.type === 'tag' ? tagId : undefined;
}
