// Leaving a trace on everything that can be reached: for each library, what it is, what it makes and what it hands to
// callbacks; and a script that walks from there over properties, prototypes, maps and sets, reports the traces that it
// finds, and leaves its own on all that it saw. Run twice, the second finds what the first could leave.

/** Expressions by library, as text; `cap` takes a body and gives what its callback was called with. */
export const libraryThings: Readonly<Record<string, string>> = {
  lodash: thunks([
    `_`,
    `_(1)`,
    `_([1,2]).map(x=>x)`,
    `_([1,2]).map(x=>x).__wrapped__`,
    `_.chain({a:1}).mapValues(x=>x)`,
    `_.template('hi <%= a %>',{variable:'a'})`,
    `_.memoize(x=>x)`,
    `(()=>{const m=_.memoize(x=>x); m(1); m('a'); m({}); return m})()`,
    `_.curry((a,b)=>a)`,
    `_.partial(x=>x,1)`,
    `_.toPath('a.b.c')`,
    `cap(f=>_.cloneDeepWith({a:[1,{b:1}]}, f))`,
    `cap(f=>_.isEqualWith({a:[1,{b:1}]},{a:[1,{b:1}]}, f))`,
    `cap(f=>_.mergeWith({a:{b:1}},{a:{b:{c:1}}}, f))`,
    `cap(f=>_.setWith({}, 'a.b.c', 1, f))`,
    `cap(f=>_.map([1],f))`,
    `cap(f=>_.pickBy({a:1},f))`,
    `cap(f=>_.reduce([1,2],f))`,
    `cap(f=>_.transform({a:1},f))`,
    `cap(f=>_.tap(1,f))`,
    `cap(f=>_.sortBy([2,1],f))`,
    `cap(f=>_.uniqBy([2,1],f))`,
    `cap(f=>_.template('<% print(f(this, obj, _)) %>',{imports:{f},variable:'o'})({}))`,
    `_.words('a b')`,
    `_.keys({a:1})`,
    `_.constant`,
    `_.stubArray()`,
    `_.stubObject()`,
    `_.noop()`,
    `_.range(5)`,
    `_.flow([x=>x])`,
    `_.over([x=>x])`,
    `_.cond([[x=>x,x=>x]])`,
    `_.matches({a:1})`,
    `_.property('a.b')`,
    `_.method('a')`,
    `_.iteratee('a')`,
    `_.wrap(1,x=>x)`,
    `_.ary(x=>x,1)`,
    `_.rearg((a,b)=>a,[1,0])`,
    `_.bindAll({a(){}},['a'])`,
    `_.attempt(()=>{throw new Error('x')})`,
    `_([1,2,3]).reverse().filter(x=>x).take(1)`,
    `_.invert({a:1})`,
    `_.split('a-b','-')`,
    `_.functions(_)`,
    `(()=>{ const it=_([1])[Symbol.iterator](); return [it, it.next()]})()`,
    `_.runInContext`,
  ]),
  Joi: thunks([
    `Joi`,
    `Object.values(Joi.types())`,
    `Joi.string().min(2).valid('a').email()`,
    `Joi.object({a:Joi.string(), b: Joi.number().when('a',{is:'x',then:1})})`,
    `Joi.ref('a.b')`,
    `Joi.x('{a}')`,
    `Joi.in('a')`,
    `Joi.string().validate(1)`,
    `Joi.object({a:Joi.string()}).validate({a:1})`,
    `Joi.defaults(s=>s)`,
    `Joi.extend({type:'q',base:Joi.string()})`,
    `Joi.object({a:1}).describe()`,
    `Joi.cache?.provision()`,
    `cap(f=>Joi.string().custom((...a)=>{f(...a); f(a[1].error('any.invalid')); return a[0]}).validate('x'))`,
    `cap(f=>Joi.string().custom((...a)=>{f(...a); return a[0]}).validate('x',{abortEarly:false}))`,
    `cap(f=>Joi.string().error(f).validate(1))`,
    `cap(f=>Joi.string().default(f).validate(undefined))`,
    `cap(f=>Joi.object().custom(f).validate({}))`,
    `cap(f=>Joi.any().failover(f).validate(1))`,
    `cap(f=>Joi.ref('a',{adjust:f}))`,
    `cap(f=>Joi.extend((j)=>{f(j); return {type:'z', base:j.any(), coerce(v,h){f(v,h)}, validate(v,h){f(v,h)}, prepare(v,h){f(v,h)}, rules:{r:{method(){return this.$_addRule('r')}, validate(v,h,a,r){f(v,h,a,r);return v}}}}}).z().r().validate(1))`,
    `cap(f=>Joi.alternatives().try(Joi.string(),Joi.number().custom(f)).validate(3))`,
    `cap(f=>Joi.array().items(Joi.number().custom(f)).sort().unique(f).validate([1,2]))`,
    `Joi.number().tailor`,
    `Joi.string().label('a').meta({a:1}).tag('x').unit('q').example(1).note('n')`,
    `Joi.compile({a:1})`,
    `Joi.expression('{a}')`,
    `Joi.isSchema`,
    `Joi.version`,
    `Joi.override`,
    `Joi.boolean().truthy('y')`,
    `Joi.symbol().map({a:Symbol.iterator})`,
    `Joi.date().iso()`,
    `Joi.link('#a')`,
    `Joi.func()`,
    `Joi.binary()`,
    `Joi.forbidden()`,
    `Joi.build(Joi.string().describe())`,
    `Joi.string().preferences({messages:{a:'b'}})`,
    `Joi.object().unknown().keys({a:1}).fork(['a'],f=>f.optional())`,
    `Joi.any().valid(Joi.ref('b'))`,
    `Joi.any().$_root`,
    `Joi.string()['~standard']`,
    `Joi.trace?.toString?.()`,
  ]),
  YAML: thunks([
    `YAML`,
    String.raw`YAML.parseDocument('a: &x [1, {b: 2}]\nc: *x\nd: 2020-01-01', {version:'1.1'})`,
    `YAML.parseDocument('a: 1')`,
    String.raw`YAML.parseAllDocuments('a\n---\nb')`,
    `new YAML.Document({a:1})`,
    `new YAML.Lexer()`,
    `new YAML.Parser()`,
    `new YAML.Composer()`,
    `new YAML.LineCounter()`,
    `YAML.stringify`,
    `YAML.parse('a: 1')`,
    `cap(f=>YAML.parse('a: 1', f))`,
    `cap(f=>YAML.parse('a: 1', {customTags:(t)=>{f(t);return t}}))`,
    `cap(f=>YAML.parse('a: 1', {customTags:[{tag:'!x',resolve:f}]}))`,
    `cap(f=>YAML.parse('a: !x 1', {customTags:[{tag:'!x',resolve(...a){f(...a);return 1}}]}))`,
    `cap(f=>YAML.stringify({a:1},f))`,
    `cap(f=>YAML.visit(YAML.parseDocument('a: [1]'),(...a)=>{f(...a)}))`,
    `cap(f=>YAML.stringify(new Set([1]),{customTags:[{tag:'!s',identify(v){f(v);return v instanceof Set},stringify(...a){f(...a);return 'x'}}]}))`,
    `(()=>{try{YAML.parse('a: [')}catch(e){return e}})()`,
    `YAML.CST`,
    `YAML.isMap`,
    `[...new YAML.Parser().parse('a: 1')]`,
    `[...new YAML.Lexer().lex('a')]`,
  ]),
  toml: thunks([
    `toml`,
    String.raw`toml.parse('a=1\nb=1979-05-27T07:32:00Z\n[c]\nd=[{x=1}]')`,
    `(()=>{try{toml.parse('a=')}catch(e){return e}})()`,
    `toml.stringify({a:1})`,
  ]),
  jsonpatch: thunks([
    `jsonpatch`,
    `jsonpatch.compare({a:1},{a:2})`,
    `jsonpatch.applyPatch({a:1},[{op:'test',path:'/a',value:1}])`,
    `jsonpatch.observe({a:1})`,
    `cap(f=>jsonpatch.applyPatch({a:1},[{op:'replace',path:'/a',value:1}],f))`,
    `cap(f=>jsonpatch.applyReducer({a:1},{op:'replace',path:'/a',value:1},0))`,
    `(()=>{try{jsonpatch.applyPatch({},[{op:'replace',path:'/a/b',value:1}],true)}catch(e){return e}})()`,
    `jsonpatch.deepClone({a:1})`,
    `jsonpatch.getValueByPointer({a:1},'/a')`,
  ]),
  'the language': thunks([
    `Buffer`,
    `Buffer.from('a')`,
    `Buffer.alloc(2)`,
    `Buffer.concat([Buffer.from('a')])`,
    `console`,
    `console.log`,
    `new TextEncoder()`,
    `new TextDecoder()`,
    `new TextEncoder().encode('a')`,
    `globalThis`,
    `this`,
    `Error`,
    `new Error('x')`,
    `Symbol`,
    `Symbol.for('x')`,
    `Proxy`,
    `Reflect`,
    `eval`,
    `Function`,
    `(function(){return arguments})()`,
    `(function*(){})()`,
    `(async()=>{})()`,
    `(async function*(){})()`,
    `[][Symbol.iterator]()`,
    `new Map().entries()`,
    `new Set().values()`,
    `'a'.matchAll(/a/g)`,
    `/a/.exec('a')`,
    `Promise.resolve(1)`,
    `new Uint8Array(1)`,
    `new DataView(new ArrayBuffer(1))`,
    `escape`,
    `unescape`,
    `URIError`,
    `JSON`,
    `Math`,
    `Date`,
    `new Date(0)`,
  ]),
};

function thunks(expressions: readonly string[]): string {
  return `[${expressions.map((expression) => `() => (${expression})`).join(',')}]`;
}

/** A script that walks from what `things` (an array of functions, as text) give; it reports `{ walked, found, failed }`. */
export function traceEverywhere(things: string): string {
  return `function main() {
  const cap = (body) => {
    const calls = [];
    body((...args) => { calls.push(args); return args[0] });
    return calls;
  };
  const seen = new Map(), queue = [], failed = [];
  const visit = (x, path) => {
    if (((typeof x === 'object' && x !== null) || typeof x === 'function') && !seen.has(x)) { seen.set(x, path); queue.push(x) }
  };
  const quietly = (body) => { try { body() } catch { } };
  (${things}).forEach((make, i) => {
    try { visit(make(), '#' + i) } catch (e) { failed.push('#' + i + ' ' + e.message) }
  });
  while (queue.length > 0) {
    const x = queue.shift(), path = seen.get(x);
    if (path.length > 120 || seen.size > 30000) continue;
    quietly(() => visit(Object.getPrototypeOf(x), path + '.__proto__'));
    let keys = [];
    quietly(() => { keys = Reflect.ownKeys(x) });
    for (const key of keys) quietly(() => {
      const property = Object.getOwnPropertyDescriptor(x, key), at = path + '.' + String(key);
      visit(property.value, at);
      visit(property.get, at + '.get');
      visit(property.set, at + '.set');
      if (property.get) visit(x[key], at);
    });
    quietly(() => { for (const y of x.values()) visit(y, path + '.value') });
    quietly(() => { for (const y of x.keys()) visit(y, path + '.key') });
  }
  const found = [];
  for (const [x, path] of seen) {
    quietly(() => { if (Object.hasOwn(x, 'zzTrace')) found.push('property ' + path) });
    quietly(() => { if (Map.prototype.has.call(x, 'zzTrace')) found.push('map ' + path) });
    quietly(() => { if (Set.prototype.has.call(x, 'zzTrace')) found.push('set ' + path) });
    quietly(() => { if (x !== Map.prototype && x !== Set.prototype && x.has('zzTrace') === true) found.push('collection ' + path) });
    quietly(() => { if (x instanceof RegExp && x.lastIndex === 77) found.push('expression ' + path) });
    quietly(() => { if (Date.prototype.getTime.call(x) === 777) found.push('date ' + path) });
  }
  for (const x of seen.keys()) {
    quietly(() => Object.defineProperty(x, 'zzTrace', { value: 1, configurable: true }));
    quietly(() => Map.prototype.set.call(x, 'zzTrace', 1));
    quietly(() => Set.prototype.add.call(x, 'zzTrace'));
    quietly(() => x.set('zzTrace', 1));
    quietly(() => x.add('zzTrace'));
    quietly(() => { if (x instanceof RegExp) x.lastIndex = 77 });
    quietly(() => Date.prototype.setTime.call(x, 777));
  }
  return { walked: seen.size, found, failed };
}`;
}
