// Declarations of the names a function may use besides the language itself, and of what it gets and gives by its kind.
// Libraries are declared loosely: their names complete, their values are open.

import type { FunctionKind } from '../../model/function.ts';
import { actionCall } from './action_surface.ts';
import { definitionSurface } from './definition_surface.ts';

/** Names of every kind of function. */
const globals = `
/** A library object whose members are open. */
interface OpenLibrary { [name: string]: any }
interface OpenFunction extends OpenLibrary { (...args: any[]): any }

/** lodash */
declare const _: OpenFunction;
/** Validation schemas: https://joi.dev/api */
declare const Joi: OpenLibrary;
declare const YAML: {
  parse(text: string, ...options: any[]): any;
  stringify(value: any, ...options: any[]): string;
};
declare const toml: { parse(text: string): any; stringify(value: any): string };
/** JSON Patch, RFC 6902 */
declare const jsonpatch: OpenLibrary;
/** Effects: none, but the function runs in a process. */
declare const path: {
  join(...parts: string[]): string;
  resolve(...parts: string[]): string;
  dirname(path: string): string;
  basename(path: string, suffix?: string): string;
  extname(path: string): string;
  normalize(path: string): string;
  relative(from: string, to: string): string;
  isAbsolute(path: string): boolean;
  parse(path: string): { root: string; dir: string; base: string; ext: string; name: string };
  readonly sep: string;
};
declare const console: Record<'log' | 'info' | 'warn' | 'error' | 'debug' | 'dir' | 'table' | 'trace', (...what: any[]) => void>;
declare function structuredClone<T>(value: T): T;
declare function atob(text: string): string;
declare function btoa(text: string): string;

/** Files of the run's own folder. Effects: the function runs in a process. */
declare const fs: OpenLibrary;
/** Effects: the function runs in a process. */
declare const os: OpenLibrary;
/** The function runs in a process. */
declare const zlib: OpenLibrary;
interface Buffer extends Uint8Array { toString(encoding?: string): string; [member: string]: any }
/** Bytes. The function runs in a process. */
declare const Buffer: {
  from(data: any, encoding?: string): Buffer;
  alloc(size: number, fill?: any): Buffer;
  concat(parts: readonly Uint8Array[]): Buffer;
  byteLength(text: string, encoding?: string): number;
  isBuffer(x: any): x is Buffer;
};
declare const process: OpenLibrary;
/** An address in its parts: https://url.spec.whatwg.org. The function runs in a process. */
declare const URL: new (url: string, base?: string | OpenLibrary) => OpenLibrary;
/** Web Crypto. Effects: the function runs in a process. */
declare const crypto: OpenLibrary;
declare function setTimeout(call: (...args: any[]) => void, ms?: number, ...args: any[]): any;
declare function clearTimeout(timer: any): void;
declare function setInterval(call: (...args: any[]) => void, ms?: number, ...args: any[]): any;
declare function clearInterval(timer: any): void;

interface FetchResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly headers: { get(name: string): string | null; [member: string]: any };
  json(): Promise<any>;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
  readonly [member: string]: any;
}
/**
 * An HTTP request; \`http+unix://%2Frun%2Fx.sock/path\` is one over a unix socket. Effects: the function runs in a process, and
 * reaches what it says in comments: \`// @network api.example.com $Endpoint\`.
 */
declare function fetch(
  url: string | { toString(): string },
  options?: { method?: string; headers?: any; body?: any; [option: string]: any },
): Promise<FetchResponse>;

/** A connection: a duplex stream of Node (net.Socket). */
interface ConnectedStream {
  write(data: string | Uint8Array, done?: (error?: any) => void): boolean;
  end(data?: string | Uint8Array): any;
  on(event: string, listener: (...args: any[]) => void): any;
  once(event: string, listener: (...args: any[]) => void): any;
  destroy(error?: any): any;
  [Symbol.asyncIterator](): AsyncIterator<Buffer>;
  [member: string]: any;
}
/** Connects to a host or to a unix socket. Effects: the function runs in a process, and reaches what it says in comments. */
declare function connect(to: { host: string; port: number | string } | { path: string }): Promise<ConnectedStream>;

/** PostgreSQL: https://node-postgres.com. Effects: the function runs in a process, and reaches what it says in comments. */
declare const Pg: {
  Client: new (config?: string | Record<string, any>) => {
    connect(): Promise<void>;
    query(text: string | Record<string, any>, values?: readonly any[]): Promise<{ rows: any[]; rowCount: number | null; [member: string]: any }>;
    end(): Promise<void>;
    on(event: string, listener: (...args: any[]) => void): any;
    [member: string]: any;
  };
  Pool: new (config?: Record<string, any>) => OpenLibrary;
  escapeIdentifier(name: string): string;
  escapeLiteral(text: string): string;
  [member: string]: any;
};
interface AwsClientOptions {
  region: string;
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  endpoint?: string;
  maxAttempts?: number;
  [option: string]: any;
}
interface AwsClient {
  send(command: any, options?: any): Promise<any>;
  destroy(): void;
  [member: string]: any;
}
/**
 * AWS Cloud Control, package @aws-sdk/client-cloudcontrol; its clients make their requests with fetch. Effects: the function runs
 * in a process, and reaches what it says in comments.
 */
declare const CloudControl: {
  CloudControlClient: new (config: AwsClientOptions) => AwsClient;
  [member: string]: any;
};
/** The Security Token Service of AWS, package @aws-sdk/client-sts, as CloudControl is. */
declare const STS: {
  STSClient: new (config: AwsClientOptions) => AwsClient;
  [member: string]: any;
};

interface ExecResult {
  readonly shortMessage?: string;
  readonly command: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly failed: boolean;
  readonly timedOut: boolean;
  readonly killed: boolean;
  readonly [member: string]: any;
}
/** Commands. Effects: the function runs in a process, and starts what its schema allows. */
declare const siExec: {
  waitUntilEnd(command: string, args?: readonly string[], options?: Record<string, any>): Promise<ExecResult>;
  watch(options: {
    cmd: string;
    args?: readonly string[];
    retryMs?: number;
    maxRetryCount?: number;
    callback: (result: ExecResult) => boolean | Promise<boolean>;
  }): Promise<{ result: ExecResult; failed?: 'deadlineExceeded' | 'commandFailed' }>;
};
`;

const requestStorage = (writable: boolean) => `
/** What authentication functions left for this run. */
declare const requestStorage: {
  getItem(key: string): any;
  getEnv(key: string): string;
  getKeys(): string[];${
    writable
      ? `
  setItem(key: string, value: any): void;
  setEnv(key: string, value: string): void;
  deleteItem(key: string): void;
  deleteEnv(key: string): void;`
      : ''
  }
};
`;

/** What `main` gets, over the parts of the component in the namespace Schema. */
const inputs: Readonly<Record<Exclude<FunctionKind, 'attribute' | 'transformation'>, string>> = {
  'code-generation': 'interface Input extends ComponentOutputs { domain: Schema.Domain }',
  qualification: 'interface Input extends ComponentOutputs { domain: Schema.Domain }',
  action: `${actionCall}\ninterface Input extends ActionCall { cursor?: string; properties: ComponentProperties; [member: string]: any }`,
  management: `
interface Geometry { x?: number; y?: number; width?: number; height?: number }
interface ManagedComponent {
  /** Name of its schema. */
  kind: string;
  properties: any;
  /** By the names of the views that it has a place in. */
  geometry: { [view: string]: Geometry };
  /** What values follow as they are, by pointer. */
  sources: { [pointer: string]: { component: string; path: string } };
  [member: string]: any;
}
interface Input {
  /** Name of the view that it is run in. */
  currentView: string;
  thisComponent: ManagedComponent & { properties: ComponentProperties };
  /** Those it manages, by id. */
  components: { [id: string]: ManagedComponent };
}`,
  authentication: '/** The decrypted secret. */\ntype Input = Schema.SecretFields;',
  'schema-definition': 'type Input = void;',
  policy: `interface Change {
  path: string;
  status: 'Added' | 'Modified' | 'Removed';
  before: any;
  after: any;
  /** Nobody edited it: what it follows changed. */
  derived: boolean;
}
interface Input {
  format: 1;
  workspace: { id: string; name: string };
  changeSet: { id: string; name: string };
  /** Who reviews or applies. */
  actor: string;
  components: { id: string; name: string; schema: string; status: 'Added' | 'Modified' | 'Removed'; changes: Change[] }[];
  /** Views, schemas, edges, flags. */
  records: { noun: string; title: string; status: 'Added' | 'Modified' | 'Removed' }[];
  actions: {
    component: string;
    name: string;
    schema: string;
    kind: 'create' | 'update' | 'replace' | 'refresh' | 'destroy' | 'manual';
    /** Changed paths that are the reason. */
    paths: string[];
  }[];
}`,
};

/** What `main` gives. */
const outputs: Readonly<Record<FunctionKind, string>> = {
  attribute: 'type Output = any;',
  transformation: 'type Output = any;',
  'code-generation': 'interface Output { format: string; code: string }',
  qualification: `interface Output { result: 'success' | 'warning' | 'failure' | 'unknown'; message?: string | null }`,
  action: 'type Output = ActionResult | ListOutput;',
  management: `/** A value, or where it comes from: \`{ $source: { component, path } }\` follows, \`{ $source: null }\` unsets. */
interface Values { [pointer: string]: any }
interface Create {
  /** Name of a schema; that of this component when it is left out. */
  kind?: string;
  properties?: any;
  attributes?: Values;
  /** In the current view from this component's place, or by view. */
  geometry?: Geometry | { [view: string]: Geometry };
  [member: string]: any;
}
interface Update {
  /** What differs from what was given is set. */
  properties?: any;
  attributes?: Values;
  geometry?: { [view: string]: Geometry };
  [member: string]: any;
}
interface Output {
  status: 'ok' | 'error';
  message?: string | null;
  /** Components are called \`self\`, by the names under which they are created, or by name or id when this one manages them. */
  ops?: {
    create?: { [name: string]: Create };
    update?: { [component: string]: Update };
    delete?: string[];
    erase?: string[];
    /** Components that leave a view, by its name. */
    remove?: { [view: string]: string[] };
    actions?: { [component: string]: { add?: string[]; remove?: string[] } };
    views?: { create?: string[]; remove?: string[] };
  };
}`,
  authentication: 'type Output = any;',
  policy: "type Output = { level: 'warn' | 'deny'; message: string; component?: string }[] | null | undefined | void;",
  'schema-definition': "type Output = Asset | { definedBy: 'defineSchema' };",
};

const component = `
interface Resource { status?: 'ok' | 'warning' | 'error'; payload?: any; message?: string; [member: string]: any }
interface ComponentOutputs {
  /** What the last action gave. */
  resource?: Resource;
  /** Generated code by the name of its function. */
  code?: { [name: string]: { format?: string; code?: string } };
  deleted_at?: boolean | string | null;
}
interface ComponentProperties extends ComponentOutputs {
  si: { name: string; type?: string; color?: string; resourceId?: string; enabled?: boolean; metadata?: any };
  domain: Schema.Domain;
  secrets: Schema.Secrets;
  /** What the provider reports. */
  resource_value: Schema.ResourceValue;
  qualification?: { [name: string]: { result?: string; message?: string } };
}
`;

const builders = `
type ValueFromKind = 'inputSocket' | 'outputSocket' | 'prop';
type PropDefinitionKind = 'array' | 'boolean' | 'float' | 'integer' | 'json' | 'map' | 'object' | 'string';
type PropWidgetDefinitionKind =
  | 'array' | 'checkbox' | 'codeEditor' | 'color' | 'comboBox' | 'header' | 'map' | 'password' | 'secret' | 'select'
  | 'text' | 'textArea';
type SocketDefinitionArityType = 'many' | 'one';
type SiPropValueFromDefinitionKind = 'color' | 'name' | 'resourcePayload';
interface ValueFrom { kind: ValueFromKind; socket_name?: string; prop_path?: string[] }
interface SocketDefinition {
  name: string; arity: SocketDefinitionArityType; connectionAnnotations: string; uiHidden?: boolean; valueFrom?: ValueFrom;
}
interface PropWidgetDefinition { kind: PropWidgetDefinitionKind; options?: { label: string; value: string }[] }
interface MapKeyFunc { key: string; valueFrom?: ValueFrom }
interface SiPropValueFromDefinition { kind: SiPropValueFromDefinitionKind; valueFrom: ValueFrom }
interface PropSuggestion { schema: string; prop: string }
interface PropDefinition { name: string; kind: PropDefinitionKind; [member: string]: any }
interface SecretPropDefinition extends PropDefinition { hasInputSocket: boolean; connectionAnnotation?: string }
interface SecretDefinition { name: string; props: PropDefinition[]; connectionAnnotations?: string }
interface Asset {
  props: PropDefinition[];
  secretProps: SecretPropDefinition[];
  secretDefinition?: PropDefinition[];
  resourceProps: PropDefinition[];
  siPropValueFroms: SiPropValueFromDefinition[];
  inputSockets: SocketDefinition[];
  outputSockets: SocketDefinition[];
  docLinks: Record<string, string>;
}
declare class ValueFromBuilder {
  setKind(kind: ValueFromKind): this;
  setSocketName(name: string): this;
  setPropPath(path: string[]): this;
  build(): ValueFrom;
}
declare class SocketDefinitionBuilder {
  setArity(arity: SocketDefinitionArityType): this;
  setConnectionAnnotation(annotation: string): this;
  setName(name: string): this;
  setUiHidden(hidden: boolean): this;
  setValueFrom(valueFrom: ValueFrom): this;
  build(): SocketDefinition;
}
declare class PropWidgetDefinitionBuilder {
  setKind(kind: PropWidgetDefinitionKind): this;
  /** The property can be set only before the resource exists. */
  setCreateOnly(): this;
  addOption(key: string, value: string): this;
  build(): PropWidgetDefinition;
}
declare class MapKeyFuncBuilder {
  setKey(key: string): this;
  setValueFrom(valueFrom: ValueFrom): this;
  build(): MapKeyFunc;
}
declare class SiPropValueFromDefinitionBuilder {
  setKind(kind: SiPropValueFromDefinitionKind): this;
  setValueFrom(valueFrom: ValueFrom): this;
  build(): SiPropValueFromDefinition;
}
declare class PropBuilder {
  setName(name: string): this;
  setKind(kind: PropDefinitionKind): this;
  setDocumentation(docs: string): this;
  setDocLink(link: string): this;
  setDocLinkRef(ref: string): this;
  setHidden(hidden: boolean): this;
  setDefaultValue(value: any): this;
  /** A Joi schema that the value is held against. */
  setValidationFormat(format: any): this;
  setValueFrom(valueFrom: ValueFrom): this;
  setWidget(widget: PropWidgetDefinition): this;
  addChild(child: PropDefinition): this;
  setEntry(entry: PropDefinition): this;
  addMapKeyFunc(func: MapKeyFunc): this;
  addValidation(validation: any): this;
  suggestSource(suggestion: PropSuggestion): this;
  suggestAsSourceFor(suggestion: PropSuggestion): this;
  build(): PropDefinition;
}
declare class SecretPropBuilder {
  setName(name: string): this;
  setSecretKind(kind: string): this;
  setConnectionAnnotation(annotation: string): this;
  setDocumentation(docs: string): this;
  setDocLinkRef(ref: string): this;
  setDocLink(link: string): this;
  addValidation(validation: any): this;
  suggestSource(suggestion: PropSuggestion): this;
  suggestAsSourceFor(suggestion: PropSuggestion): this;
  skipInputSocket(): this;
  build(): SecretPropDefinition;
}
declare class SecretDefinitionBuilder {
  setName(name: string): this;
  addProp(prop: PropDefinition): this;
  setConnectionAnnotation(connectionAnnotations: string): this;
  build(): SecretDefinition;
}
declare class AssetBuilder {
  addProp(prop: PropDefinition): this;
  addSecretProp(prop: SecretPropDefinition): this;
  defineSecret(definition: SecretDefinition): this;
  addResourceProp(prop: PropDefinition): this;
  addInputSocket(socket: SocketDefinition): this;
  addOutputSocket(socket: SocketDefinition): this;
  addSiPropValueFrom(siPropValueFrom: SiPropValueFromDefinition): this;
  addDocLink(key: string, value: string): this;
  build(): Asset;
}
`;

/** Everything but the schema's own types; `input` declares Input where it depends on more than the kind. */
export function surfaceOf(kind: FunctionKind, input?: string): string {
  const own = kind === 'attribute' || kind === 'transformation' ? (input ?? 'type Input = any;') : inputs[kind];
  const parts = [globals, requestStorage(kind === 'authentication' || kind === 'schema-definition'), component];
  if (kind === 'schema-definition') parts.push(builders, definitionSurface);
  parts.push(own, outputs[kind], main);
  return parts.map((p) => p.trim()).join('\n\n');
}

/** Names of the checker's own, which a text does not shadow by accident. */
const main = `
type $Input = Input;
type $Output = Output;
type $Main = (input: Input) => Output | Promise<Output>;`;
