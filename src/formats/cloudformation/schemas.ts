// Schemas that an import brings along: what a template consists of besides its resources, and the shape of a resource
// type that nobody has described. Known members have properties of their own; their values are `any`, because a
// template may write anything there and nothing of it may be lost.

import type { Property } from '../../model/property.ts';
import { emptyObject, type VariantSpec, variantSpecFormat } from '../../model/schema.ts';

export const templateSchemas = {
  template: 'CloudFormation::Template',
  pseudoParameters: 'CloudFormation::PseudoParameters',
  importedValues: 'CloudFormation::ImportedValues',
  parameter: 'CloudFormation::Parameter',
  condition: 'CloudFormation::Condition',
  output: 'CloudFormation::Output',
  /** A resource whose type is not a usable name; what is written stands in its annotations. */
  untyped: 'CloudFormation::Untyped',
} as const;

export const templateCategory = 'CloudFormation';

const any = (docs: string): Property => ({ kind: 'any', docs });
const openMap = (docs: string): Property => ({ kind: 'map', values: { kind: 'any' }, docs });

function spec(docs: string, properties: { readonly [name: string]: Property }): VariantSpec {
  return {
    format: variantSpecFormat,
    docs,
    domain: { kind: 'object', properties },
    resourceValue: emptyObject,
    secrets: emptyObject,
    definitions: {},
  };
}

const templateSpec = spec('A template: its sections that are not components of their own.', {
  AWSTemplateFormatVersion: any('Version of the template language.'),
  Description: any('What the template is for.'),
  Metadata: any('Objects that describe the template.'),
  Mappings: any('Lookup tables: mapping, top-level key, second-level key.'),
  Transform: any('Macros that the service runs over the template.'),
  Rules: any('Assertions about parameters; kept as written.'),
  Hooks: any('Deployment hooks.'),
  Sections: openMap('Sections that the template language does not define here.'),
  Entries: openMap('Members of sections that are no components, such as loops, by section and name.'),
});

const pseudoSpec = spec('What the service knows about the stack: the values behind AWS::Region and the like.', {
  AccountId: { kind: 'string', default: '123456789012', docs: 'The account that the stack is in.' },
  Region: { kind: 'string', default: 'us-east-1', docs: 'The region that the stack is in.' },
  Partition: { kind: 'string', default: 'aws', docs: 'The partition of the region.' },
  URLSuffix: { kind: 'string', default: 'amazonaws.com', docs: 'The suffix of domain names in the partition.' },
  StackName: { kind: 'string', default: 'headwater', docs: 'The name of the stack.' },
  StackId: {
    kind: 'string',
    default: 'arn:aws:cloudformation:us-east-1:123456789012:stack/headwater/00000000-0000-0000-0000-000000000000',
    docs: 'The identifier of the stack.',
  },
  NotificationARNs: {
    kind: 'array',
    items: { kind: 'string' },
    default: [],
    docs: 'Topics told of events of the stack.',
  },
});

const importedSpec = spec('What a template imports of other stacks.', {
  Values: openMap('By the names of their exports: set by people, or following the output of another template.'),
});

const parameterSpec = spec('A parameter of a template.', {
  Type: any('String, Number, a list or a provider’s type.'),
  Default: any('What is used when no value is given.'),
  Value: any('What the stack uses: follows the default until somebody sets it.'),
  AllowedPattern: any('A regular expression for the value.'),
  AllowedValues: any('The values that can be chosen.'),
  ConstraintDescription: any('Said when a constraint is not met.'),
  Description: any('What the parameter is for.'),
  MaxLength: any('Most characters.'),
  MaxValue: any('Largest number.'),
  MinLength: any('Fewest characters.'),
  MinValue: any('Smallest number.'),
  NoEcho: any('Whether the value is masked.'),
});

const conditionSpec = spec('A condition of a template.', {
  Result: { kind: 'boolean', docs: 'Whether it holds.' },
});

const outputSpec = spec('An output of a template.', {
  Value: any('The value handed out.'),
  Description: any('What it is.'),
  Export: any('The name under which other stacks import it.'),
});

/** The builtin schemas by name. */
export const builtinSpecs: Readonly<Record<string, VariantSpec>> = {
  [templateSchemas.template]: templateSpec,
  [templateSchemas.pseudoParameters]: pseudoSpec,
  [templateSchemas.importedValues]: importedSpec,
  [templateSchemas.parameter]: parameterSpec,
  [templateSchemas.condition]: conditionSpec,
  [templateSchemas.output]: outputSpec,
};

/** The section that a component of a builtin schema is written to; every other component is a resource. */
export function sectionOfSchema(schema: string): string {
  switch (schema) {
    case templateSchemas.template:
      return 'Template';
    case templateSchemas.pseudoParameters:
      return 'PseudoParameters';
    case templateSchemas.importedValues:
      return 'ImportedValues';
    case templateSchemas.parameter:
      return 'Parameters';
    case templateSchemas.condition:
      return 'Conditions';
    case templateSchemas.output:
      return 'Outputs';
    default:
      return 'Resources';
  }
}

/** The pseudo parameters that have a value, with their property. */
export const pseudoParameters: readonly string[] = Object.keys(pseudoSpec.domain.properties ?? {});

/** A type that nobody described: its properties are cells all the same, and it may report any attribute. */
function genericSpec(): VariantSpec {
  return {
    format: variantSpecFormat,
    docs: 'A type without a description: any property is accepted, any attribute can be followed.',
    domain: openMap('Properties as the template has them.'),
    resourceValue: openMap('Attributes as the provider reports them.'),
    secrets: emptyObject,
    definitions: {},
  };
}

/** Types whose properties are up to whoever handles them, whatever a catalogue says. */
function isGeneric(type: string): boolean {
  return type === 'AWS::CloudFormation::CustomResource' || type.startsWith('Custom::') || type.endsWith('::MODULE');
}

/** Types whose attributes depend on the instance: outputs of nested stacks, what a transform makes of a resource. */
function hasOpenAttributes(type: string): boolean {
  return (
    type.startsWith('AWS::Serverless::') ||
    type === 'AWS::CloudFormation::Stack' ||
    type === 'AWS::ServiceCatalog::CloudFormationProvisionedProduct'
  );
}

/**
 * The schema to use for a type, from what a catalogue says of it: generic where that is nothing or no guide, with open
 * attributes where these depend on the instance. The same object comes back where nothing has to change. Whoever
 * installs a type from a catalogue installs what this returns.
 */
export function specFor(type: string, described: VariantSpec | undefined): VariantSpec {
  if (described !== undefined && described.domain.kind === 'map') return described;
  if (described === undefined || isGeneric(type)) return genericSpec();
  if (!hasOpenAttributes(type) || described.resourceValue.kind === 'map') return described;
  return { ...described, resourceValue: openMap('Attributes as the provider reports them.') };
}
