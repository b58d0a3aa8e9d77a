// Declarations of `defineSchema`: the types of its functions follow from the properties that stand beside them, so that an
// editor completes `domain.VpcId` in the file in which VpcId is defined. Text of a `.d.ts`; it needs no other than the
// declarations that every function has (surface.ts).

import { actionCall } from './action_surface.ts';

export const definitionSurface = `
interface AnyProperty {
  /** For people, in Markdown. */
  docs?: string;
  required?: boolean;
  /** Can be set only before the resource exists. */
  createOnly?: boolean;
  /** Set by the engine or the provider. */
  readOnly?: boolean;
  /** Sent but never read back. */
  writeOnly?: boolean;
  hidden?: boolean;
  merge?: 'change-set-wins' | 'head-wins' | 'union' | 'max' | 'min' | 'must-review';
  /** A page about it. */
  link?: string;
  widget?: string;
  /** A Joi schema that the value is held against. */
  validation?: any;
  /** Outputs of other schemas that usually feed it, and what it usually feeds. */
  suggests?: readonly { readonly schema: string; readonly path: string }[];
  feeds?: readonly { readonly schema: string; readonly path: string }[];
}
interface TextProperty extends AnyProperty {
  kind: 'string'; default?: string; enum?: readonly string[]; pattern?: string; format?: string;
  minLength?: number; maxLength?: number;
  /** Takes a reference to a secret. */
  secret?: boolean;
}
interface NumberProperty extends AnyProperty {
  kind: 'integer' | 'number'; default?: number; enum?: readonly number[]; minimum?: number; maximum?: number;
}
interface BooleanProperty extends AnyProperty { kind: 'boolean'; default?: boolean }
interface OpenProperty extends AnyProperty { kind: 'json' | 'any'; default?: any }
interface ListProperty extends AnyProperty {
  kind: 'array'; items: SchemaProperty; default?: readonly any[]; minItems?: number; maxItems?: number; uniqueItems?: boolean;
}
interface MapProperty extends AnyProperty { kind: 'map'; values: SchemaProperty; default?: { readonly [key: string]: any } }
interface ObjectProperty extends AnyProperty { kind: 'object'; properties: SchemaProperties }
/** One of the definitions. */
interface ReferenceProperty extends AnyProperty { kind: 'ref'; to: string }
type SchemaProperty =
  | TextProperty | NumberProperty | BooleanProperty | OpenProperty | ListProperty | MapProperty | ObjectProperty
  | ReferenceProperty;
interface SchemaProperties { readonly [name: string]: SchemaProperty }

type PropertyMember =
  | keyof AnyProperty | 'kind' | 'default' | 'enum' | 'pattern' | 'format' | 'minLength' | 'maxLength' | 'secret' | 'minimum'
  | 'maximum' | 'items' | 'minItems' | 'maxItems' | 'uniqueItems' | 'values' | 'properties' | 'to';
/** Members that no property has are errors. */
type OnlyKnown<P> =
  & { readonly [M in Exclude<keyof P, PropertyMember>]: never }
  & (P extends { properties: infer Q } ? { readonly properties: AllKnown<Q> } : unknown)
  & (P extends { items: infer I } ? { readonly items: OnlyKnown<I> } : unknown)
  & (P extends { values: infer V } ? { readonly values: OnlyKnown<V> } : unknown);
type AllKnown<Q> = { readonly [K in keyof Q]: OnlyKnown<Q[K]> };

type ValueOf<P> =
  P extends { enum: readonly (infer E)[] } ? E
  : P extends { kind: 'string' } ? string
  : P extends { kind: 'integer' | 'number' } ? number
  : P extends { kind: 'boolean' } ? boolean
  : P extends { kind: 'array'; items: infer I } ? ValueOf<I>[]
  : P extends { kind: 'map'; values: infer V } ? { [key: string]: ValueOf<V> }
  : P extends { kind: 'object'; properties: infer Q } ? ValuesOf<Q>
  : any;
type GivenAlways<Q> = { [K in keyof Q]: Q[K] extends { required: true } | { default: any } ? K : never }[keyof Q];
/** What a component holds of these properties: those that are required or have a default, and the others where they are set. */
type ValuesOf<Q> =
  & { -readonly [K in keyof Q as K extends GivenAlways<Q> ? K : never]: ValueOf<Q[K]> }
  & { -readonly [K in keyof Q as K extends GivenAlways<Q> ? never : K]?: ValueOf<Q[K]> };
type PointersOf<Q, At extends string, Depth extends any[] = []> = Depth['length'] extends 4 ? never : {
  [K in keyof Q & string]:
    | \`\${At}/\${K}\`
    | (Q[K] extends { kind: 'object'; properties: infer R } ? PointersOf<R, \`\${At}/\${K}\`, [...Depth, 0]> : never)
}[keyof Q & string];
type PropertyAt<Q, P> =
  P extends \`\${infer K}/\${infer Rest}\`
    ? K extends keyof Q ? (Q[K] extends { properties: infer R } ? PropertyAt<R, Rest> : any) : any
    : P extends keyof Q ? Q[P] : any;
type ValueAt<D, R, P> =
  P extends \`/domain/\${infer K}\`
    ? PropertyAt<D, K> extends { required: true } | { default: any } ? ValueOf<PropertyAt<D, K>> : ValueOf<PropertyAt<D, K>> | null
  : P extends \`/resource_value/\${infer K}\` ? ValueOf<PropertyAt<R, K>> | null
  : P extends '/domain' ? ValuesOf<D>
  : any;
/** What an argument may be taken from. */
type SourceIn<D, R> =
  | PointersOf<D, '/domain'> | PointersOf<R, '/resource_value'> | '/domain' | '/resource_value' | '/si/name' | '/si/color'
  | '/resource' | \`/resource/\${string}\` | '/code' | \`/code/\${string}\`;

type OrPromise<T> = T | Promise<T>;
interface DefinedComponent<D> extends ComponentOutputs { domain: ValuesOf<D> }
interface DefinedProperties<D, R> extends ComponentOutputs {
  si: { name: string; type?: string; color?: string; resourceId?: string; enabled?: boolean; metadata?: any };
  domain: ValuesOf<D>;
  secrets?: { [slot: string]: any };
  resource_value: ValuesOf<R>;
  qualification?: { [name: string]: { result?: string; message?: string } };
}
interface CodeOutput { format: string; code: string }
interface QualificationOutput { result: 'success' | 'warning' | 'failure' | 'unknown'; message?: string | null }
${actionCall}/** Filters in the domain, where somebody gave some; the cursor that the page before ended with. */
interface ListInput<D> { properties: { domain: Partial<ValuesOf<D>>; secrets?: { [slot: string]: any } }; schema: string; cursor?: string }
interface ManagementOutput {
  status: 'ok' | 'error';
  message?: string | null;
  ops?: {
    create?: { [name: string]: any }; update?: { [id: string]: any }; delete?: string[]; actions?: { [id: string]: any };
    views?: any;
  };
}

interface SchemaDefinition<D, R, A, F> {
  docs?: string;
  /** A page about it. */
  link?: string;
  /** What people declare: the properties below /domain, in the order in which they are shown. */
  domain: D & AllKnown<D> & SchemaProperties;
  /** What the provider reports: the properties below /resource_value. */
  resource?: R & AllKnown<R> & SchemaProperties;
  /** Slots below /secrets, and the kind of secret that each takes. */
  secrets?: { readonly [slot: string]: string };
  /** The kind of secret that components of this schema define, and the fields that one has. */
  definesSecret?: { readonly name: string; readonly fields: F & AllKnown<F> & SchemaProperties };
  /** Properties by name that others refer to with kind ref. */
  definitions?: SchemaProperties;
  /** Pointers of the properties that together are the provider's identifier. */
  primaryIdentifier?: readonly string[];
  /** How often the resources of its components are looked at by themselves; without it only when somebody asks. */
  refresh?: { readonly everyMinutes: number };
  /** Functions whose result is the value of a property. */
  attributes?: {
    readonly [N in keyof A]: {
      /** Names, and the pointers of the properties that they are taken from. */
      readonly arguments: A[N] & { readonly [K in keyof A[N]]: SourceIn<D, R> };
      /** Where the result goes. */
      readonly output: PointersOf<D, '/domain'> | '/si/color';
      main(input: { [K in keyof A[N]]: ValueAt<D, R, A[N][K]> }): any;
    };
  };
  /** Functions that generate code. */
  code?: { readonly [name: string]: (component: DefinedComponent<D>) => OrPromise<CodeOutput> };
  qualifications?: { readonly [name: string]: (component: DefinedComponent<D>) => OrPromise<QualificationOutput> };
  management?: {
    readonly [name: string]: (input: {
      currentView: string;
      thisComponent: { properties: DefinedProperties<D, R>; [member: string]: any };
      components: { [id: string]: any };
    }) => OrPromise<ManagementOutput>;
  };
  actions?: {
    readonly [name: string]:
      | {
          readonly kind: 'create' | 'update' | 'destroy' | 'refresh' | 'manual';
          main(input: { properties: DefinedProperties<D, R> } & ActionCall): OrPromise<ActionResult>;
        }
      | {
          /** What is there: a page of it, and the cursor that it is asked for the next page with. */
          readonly kind: 'list';
          main(input: ListInput<D>): OrPromise<ListOutput>;
        };
  };
  /** Functions that prepare a run with the content of a secret that this schema defines. */
  authentication?: { readonly [name: string]: (secret: ValuesOf<F>) => any };
}
interface DefinedSchema { (): { definedBy: 'defineSchema' } }
/** A schema with its functions, in one object: export it as the default. */
declare function defineSchema<
  const D extends SchemaProperties,
  const R extends SchemaProperties = {},
  const A extends { readonly [name: string]: { readonly [argument: string]: string } } = {},
  const F extends SchemaProperties = {},
>(definition: SchemaDefinition<D, R, A, F>): DefinedSchema;
`;
