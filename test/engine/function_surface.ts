// The names that existing schema and function code expects, as facts: builders with their methods, and global names with
// the members that such code uses.

export const builders: Readonly<Record<string, readonly string[]>> = {
  ValueFromBuilder: ['setKind', 'setSocketName', 'setPropPath', 'build'],
  SocketDefinitionBuilder: ['build', 'setArity', 'setConnectionAnnotation', 'setName', 'setUiHidden', 'setValueFrom'],
  PropWidgetDefinitionBuilder: ['setKind', 'setCreateOnly', 'addOption', 'build'],
  MapKeyFuncBuilder: ['build', 'setKey', 'setValueFrom'],
  SiPropValueFromDefinitionBuilder: ['build', 'setKind', 'setValueFrom'],
  PropBuilder: [
    'addChild',
    'setEntry',
    'addMapKeyFunc',
    'setValidationFormat',
    'build',
    'setDefaultValue',
    'setDocLink',
    'setDocumentation',
    'setDocLinkRef',
    'setHidden',
    'setKind',
    'setName',
    'setValueFrom',
    'setWidget',
    'suggestSource',
    'suggestAsSourceFor',
  ],
  SecretPropBuilder: [
    'setName',
    'setSecretKind',
    'setConnectionAnnotation',
    'setDocLinkRef',
    'setDocLink',
    'suggestSource',
    'suggestAsSourceFor',
    'skipInputSocket',
    'build',
  ],
  SecretDefinitionBuilder: ['setName', 'addProp', 'setConnectionAnnotation', 'build'],
  AssetBuilder: [
    'addProp',
    'addSecretProp',
    'defineSecret',
    'addResourceProp',
    'addInputSocket',
    'addOutputSocket',
    'addSiPropValueFrom',
    'addDocLink',
    'build',
  ],
};

/** A global name, and an expression over it that holds where the name is what it should be. */
export const globals: readonly (readonly [name: string, holds: string])[] = [
  ['_', "_.get({ a: { b: 1 } }, 'a.b') === 1 && _.isEqual(_.chunk([1, 2, 3], 2), [[1, 2], [3]])"],
  ['Buffer', "Buffer.from('hi').toString('base64') === 'aGk='"],
  ['zlib', "zlib.gunzipSync(zlib.gzipSync('hi')).toString() === 'hi'"],
  ['YAML', "YAML.stringify(YAML.parse('a: [1]')) === YAML.stringify({ a: [1] })"],
  ['os', "typeof os.tmpdir() === 'string'"],
  ['fs', "typeof fs.readFileSync === 'function' && typeof fs.promises === 'object'"],
  ['path', "path.join('a', '..', 'b') === 'b'"],
  ['Joi', "Joi.string().min(2).validate('a').error !== undefined"],
  ['toml', "toml.parse('a = 1').a === 1"],
  ['jsonpatch', 'jsonpatch.compare({ a: 1 }, { a: 2 }).length === 1'],
  ['fetch', "typeof fetch === 'function'"],
  ['siExec', "typeof siExec.waitUntilEnd === 'function' && typeof siExec.watch === 'function'"],
  [
    'requestStorage',
    "['getItem', 'getEnv', 'getKeys'].every((m) => typeof requestStorage[m] === 'function') && requestStorage.getItem('none') === undefined",
  ],
];

/** Members of requestStorage that only authentication functions have. */
export const authenticationMembers = ['setItem', 'setEnv'] as const;
