// The builders that a schema definition names, as script text: what stands behind the definition when it runs, so that
// existing definitions run unchanged in the same sandbox as any function. Each is a function declaration, which may be used
// above the line it stands in, and gives plain data; what a chain of calls leaves is what `build` answers.

/**
 * What a definition says in one object, as data: properties as lists, which keep their order, Joi schemas as Joi describes
 * them. The definition's functions have been taken out of its text.
 */
const defineSchema = `
function defineSchema(definition) {
  const isObject = function (x) { return x !== null && typeof x === 'object' && !Array.isArray(x); };
  const mapped = function (x, change) {
    return isObject(x) ? Object.fromEntries(Object.entries(x).map(function ([k, v]) { return [k, change(v, k)]; })) : x;
  };
  const members = function (x) {
    return isObject(x) ? Object.entries(x).map(function ([name, p]) { return { name, property: property(p) }; }) : x;
  };
  const property = function (x) {
    return mapped(x, function (part, name) {
      if (name === 'properties') return members(part);
      if (name === 'items' || name === 'values') return property(part);
      return name === 'validation' && isObject(part) && typeof part.describe === 'function' ? part.describe() : part;
    });
  };
  const plain = mapped(definition, function (part, name) {
    if (name === 'domain' || name === 'resource') return members(part);
    if (name === 'definitions') return mapped(part, property);
    return name === 'definesSecret' ? mapped(part, function (x, n) { return n === 'fields' ? members(x) : x; }) : part;
  });
  return function main() { return { ...plain, definedBy: 'defineSchema' }; };
}`;

const builders: Readonly<Record<string, string>> = {
  ValueFromBuilder: `
function ValueFromBuilder() {
  const built = {};
  this.setKind = function (kind) { built.kind = kind; return this; };
  this.setSocketName = function (name) { built.socket_name = name; return this; };
  this.setPropPath = function (path) { built.prop_path = path; return this; };
  this.build = function () { return built; };
}`,
  SocketDefinitionBuilder: `
function SocketDefinitionBuilder() {
  const built = { connectionAnnotations: '[]' };
  const annotations = [];
  this.setName = function (name) { built.name = name; return this; };
  this.setArity = function (arity) { built.arity = arity; return this; };
  this.setConnectionAnnotation = function (annotation) {
    annotations.push(annotation);
    built.connectionAnnotations = JSON.stringify(annotations);
    return this;
  };
  this.setUiHidden = function (hidden) { built.uiHidden = hidden; return this; };
  this.setValueFrom = function (valueFrom) { built.valueFrom = valueFrom; return this; };
  this.build = function () { return built; };
}`,
  PropWidgetDefinitionBuilder: `
function PropWidgetDefinitionBuilder() {
  const built = {};
  const option = function (label, value) { (built.options ??= []).push({ label, value }); };
  this.setKind = function (kind) { built.kind = kind; return this; };
  this.setCreateOnly = function () { option('si_create_only_prop', 'true'); return this; };
  this.addOption = function (key, value) { option(key, value); return this; };
  this.build = function () { return built; };
}`,
  MapKeyFuncBuilder: `
function MapKeyFuncBuilder() {
  const built = {};
  this.setKey = function (key) { built.key = key; return this; };
  this.setValueFrom = function (valueFrom) { built.valueFrom = valueFrom; return this; };
  this.build = function () { return built; };
}`,
  SiPropValueFromDefinitionBuilder: `
function SiPropValueFromDefinitionBuilder() {
  const built = {};
  this.setKind = function (kind) { built.kind = kind; return this; };
  this.setValueFrom = function (valueFrom) { built.valueFrom = valueFrom; return this; };
  this.build = function () { return built; };
}`,
  PropBuilder: `
function PropBuilder() {
  const built = {};
  this.setName = function (name) { built.name = name; return this; };
  this.setKind = function (kind) { built.kind = kind; return this; };
  this.setDocumentation = function (docs) { built.documentation = docs; return this; };
  this.setDocLink = function (link) { built.docLink = link; return this; };
  this.setDocLinkRef = function (ref) { built.docLinkRef = ref; return this; };
  this.setHidden = function (hidden) { built.hidden = hidden; return this; };
  this.setDefaultValue = function (value) { built.defaultValue = value; return this; };
  this.setValueFrom = function (valueFrom) { built.valueFrom = valueFrom; return this; };
  this.setValidationFormat = function (format) {
    built.validationFormat = JSON.stringify(format.describe());
    return this;
  };
  this.addValidation = function (validation) { (built.validations ??= []).push(validation); return this; };
  this.addMapKeyFunc = function (func) { (built.mapKeyFuncs ??= []).push(func); return this; };
  this.suggestSource = function (suggestion) { (built.suggestSources ??= []).push(suggestion); return this; };
  this.suggestAsSourceFor = function (suggestion) { (built.suggestAsSourceFor ??= []).push(suggestion); return this; };
  this.addChild = function (child) {
    if (built.kind !== 'object') throw new Error('addChild can only be called on props that are objects');
    (built.children ??= []).push(child);
    return this;
  };
  this.setEntry = function (entry) {
    if (built.kind !== 'array' && built.kind !== 'map') throw new Error('setEntry can only be called on props that are arrays or maps');
    built.entry = entry;
    return this;
  };
  this.setWidget = function (widget) {
    if (widget.kind === 'secret') throw new Error('A secret widget belongs to a secret prop: use SecretPropBuilder');
    built.widget = widget;
    return this;
  };
  this.build = function () { return built; };
}`,
  SecretPropBuilder: `
function SecretPropBuilder() {
  const options = [];
  const built = { kind: 'string', widget: { kind: 'secret', options }, hasInputSocket: true };
  const annotations = [];
  this.setName = function (name) { built.name = name; return this; };
  this.setSecretKind = function (kind) { options.push({ label: 'secretKind', value: kind }); return this; };
  this.setConnectionAnnotation = function (annotation) {
    annotations.push(annotation);
    built.connectionAnnotation = JSON.stringify(annotations);
    return this;
  };
  this.setDocumentation = function (docs) { built.documentation = docs; return this; };
  this.setDocLink = function (link) { built.docLink = link; return this; };
  this.setDocLinkRef = function (ref) { built.docLinkRef = ref; return this; };
  this.addValidation = function (validation) { (built.validations ??= []).push(validation); return this; };
  this.suggestSource = function (suggestion) { (built.suggestSources ??= []).push(suggestion); return this; };
  this.suggestAsSourceFor = function (suggestion) { (built.suggestAsSourceFor ??= []).push(suggestion); return this; };
  this.skipInputSocket = function () { built.hasInputSocket = false; return this; };
  this.build = function () {
    if (options.length === 0) throw new Error('A secret prop needs its kind: call setSecretKind() before build()');
    return built;
  };
}`,
  SecretDefinitionBuilder: `
function SecretDefinitionBuilder() {
  const built = { name: '', props: [] };
  const annotations = [];
  this.setName = function (name) { built.name = name; return this; };
  this.addProp = function (prop) { built.props.push(prop); return this; };
  this.setConnectionAnnotation = function (annotation) {
    annotations.push(annotation);
    built.connectionAnnotations = JSON.stringify(annotations);
    return this;
  };
  this.build = function () {
    if (built.name === '') throw new Error('A secret definition needs a name');
    if (built.props.length === 0) throw new Error('A secret definition needs a prop');
    return built;
  };
}`,
  AssetBuilder: `
function AssetBuilder() {
  const built = {
    props: [], secretProps: [], resourceProps: [], siPropValueFroms: [], inputSockets: [], outputSockets: [], docLinks: {},
  };
  const annotated = function (socket, annotations) {
    if (annotations !== undefined) socket.connectionAnnotations = annotations;
    return socket;
  };
  this.addProp = function (prop) { built.props.push(prop); return this; };
  this.addResourceProp = function (prop) { built.resourceProps.push(prop); return this; };
  this.addInputSocket = function (socket) { built.inputSockets.push(socket); return this; };
  this.addOutputSocket = function (socket) { built.outputSockets.push(socket); return this; };
  this.addSiPropValueFrom = function (valueFrom) { built.siPropValueFroms.push(valueFrom); return this; };
  this.addDocLink = function (key, value) { built.docLinks[key] = value; return this; };
  this.addSecretProp = function (prop) {
    if (prop.hasInputSocket) {
      const name = prop.widget.options.find((option) => option.label === 'secretKind').value;
      const socket = { name, arity: 'one', connectionAnnotations: '[]' };
      built.inputSockets.push(annotated(socket, prop.connectionAnnotation));
      prop.valueFrom = { kind: 'inputSocket', socket_name: name };
    }
    built.secretProps.push(prop);
    return this;
  };
  this.defineSecret = function (definition) {
    const { name, props, connectionAnnotations } = definition;
    built.secretDefinition = props;
    built.secretName = name;
    built.secretProps.push({
      name, kind: 'string', widget: { kind: 'secret', options: [{ label: 'secretKind', value: name }] }, hasInputSocket: false,
    });
    const valueFrom = { kind: 'prop', prop_path: ['root', 'secrets', name] };
    const socket = { name, arity: 'one', connectionAnnotations: '[]', valueFrom };
    built.outputSockets.push(annotated(socket, connectionAnnotations));
    return this;
  };
  this.build = function () {
    if (built.secretDefinition !== undefined && built.secretProps.length !== 1) {
      throw new Error('A schema that defines a secret has no other secret props');
    }
    return built;
  };
}`,
};

/** The line above the builders in a script: what stands behind it nobody has written. The isolate knows it, too. */
const builderMark = '// builders';

/** Names of the builders. */
export const builderNames: readonly string[] = Object.keys(builders);

/** Text of the builders among `names`, below their mark; '' when there is none. */
export function builderScript(names: ReadonlySet<string>): string {
  const used = builderNames.filter((name) => names.has(name)).map((name) => builders[name]!.trim());
  if (names.has('defineSchema')) used.push(defineSchema.trim());
  return used.length === 0 ? '' : [builderMark, ...used].join('\n');
}
