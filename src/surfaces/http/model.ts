// Named shapes: what the OpenAPI document lists under its components, and what a generated client calls a type. The name is
// beside the schema, not in it, so that a validator sees plain JSON Schema.

import { type TProperties, type TSchema, Type } from 'typebox';

const names = new WeakMap<object, string>();

/** Gives a schema its name in the document. */
export function model<T extends TSchema>(name: string, schema: T): T {
  names.set(schema, name);
  return schema;
}

/** The name of a schema that has one. */
export function modelName(schema: object): string | undefined {
  return names.get(schema);
}

/** A shape within itself, by name: anything to a validator, a reference in the document. */
export function modelRef<T>(name: string): TSchema & { static: T } {
  return model(name, Type.Unsafe<T>({}) as never);
}

/** May be absent or null, as the public API has it for what it marks optional. */
export const maybe = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));

/** An object; members that are not named are let through, as clients newer than this server may send them. */
export const shape = <P extends TProperties>(name: string, properties: P) => model(name, Type.Object(properties));

/** Any JSON value. */
export const anyJson = Type.Unknown();

/** Of a list of components: how many policies kept out of it. */
export const leftOutByPolicy = Type.Optional(
  Type.Integer({
    description: 'Components that policies keep from the caller; absent: no policy looks at components.',
  }),
);

/** What so many operations answer. */
export const success = (name: string) => shape(name, { success: Type.Boolean() });
