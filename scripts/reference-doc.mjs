// Writes the pages of docs/reference from the program itself: every command with its help, every route of the HTTP API,
// every tool for agents, every bound. `--check` writes nothing and exits 1 when a page is not what the program gives. Reads
// dist/, so build first; a test makes the same pages from the sources.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import { root } from './steps.mjs';

const made = (from) => `Generated from ${from} by \`node scripts/reference-doc.mjs\`.`;
const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (cells) => `| ${cells.map(cell).join(' | ')} |`;
const table = (heads, rows) => [row(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(row)].join('\n');
/** The place on a page that a heading gets, as GitHub makes it. */
const anchor = (heading) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

/** The text of docs/reference/cli.md, of a tree of commands. Options that all commands have are listed once. */
export function cliPage(program) {
  const shared = new Set(program.options.map((o) => o.long));
  const leaves = [];
  const walk = (command, name) => {
    command.options = command.options.filter((o) => command === program || !shared.has(o.long));
    if (command !== program && command.commands.length === 0) leaves.push({ command, name });
    for (const sub of command.commands) walk(sub, [...name, sub.name()]);
  };
  walk(program, []);
  const groups = grouped(leaves, (l) => l.name[0]);
  const sections = [...groups].map(([group, members]) => {
    const about = program.commands.find((c) => c.name() === group)?.description() ?? '';
    return [
      `## ${group}`,
      ...(members.length === 1 && members[0].name.length === 1 ? [] : [sentence(about)]),
      ...members.flatMap(({ command, name }) => [
        ...(name.length === 1 ? [] : [`### ${name.join(' ')}`]),
        `\`\`\`text\n${helpOf(command)}\n\`\`\``,
      ]),
    ].join('\n\n');
  });
  return `# Commands

${made('the program')}

Each command as \`headwater COMMAND --help\` explains it, without the options that all of them have:

\`\`\`text
${helpOf(program)}
\`\`\`

${sections.join('\n\n')}
`;
}

function helpOf(command) {
  let text = '';
  command.configureOutput({
    writeOut: (part) => (text += part),
    getOutHelpWidth: () => 110,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd().replaceAll(/[ \t]+$/gm, '');
}

function grouped(all, of) {
  const out = new Map();
  for (const one of all) out.set(of(one), [...(out.get(of(one)) ?? []), one]);
  return out;
}

const sentence = (text) =>
  text === '' ? '' : `${text[0].toUpperCase()}${text.slice(1)}${/[.:]$/.test(text) ? '' : '.'}`;

/** The text of docs/reference/http.md, of an OpenAPI document. */
export function httpPage(document) {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
  );
  const byTag = [...grouped(operations, (o) => o.tags[0])].map(([tag, of]) => ({ tag: words(tag), of }));
  const shapes = Object.entries(document.components.schemas);
  return `# The HTTP API

${made('the routes')}

The document that programs read is \`/openapi.json\` of a running server; tokens, versions, keys of requests and what holds for
all of them are in [server.md](../server.md#the-api). Every request but those marked *public* has a token. What is refused is
answered with the shape [Problem](#problem); its \`reason\` is a code of [errors.md](../errors.md). A parameter or member with
\`?\` may be left out.

${byTag.map(({ tag, of }) => `- [${tag}](#${anchor(tag)}) (${of.length})`).join('\n')}
- [Shapes](#shapes) (${shapes.length})

${byTag.map(({ tag, of }) => [`## ${tag}`, ...of.map(operationText)].join('\n\n')).join('\n\n')}

## Shapes

${shapes.map(([name, schema]) => `### ${name}\n\n${shapeText(schema)}`).join('\n\n')}
`;
}

const words = (tag) =>
  tag
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .replace(/^./, (c) => c.toUpperCase());

function operationText(o) {
  const parameters = o.parameters ?? [];
  const ofPath = parameters.filter((p) => p.in === 'path').map((p) => p.name);
  const others = parameters.filter((p) => p.in !== 'path');
  const answers = Object.entries(o.responses).filter(([status]) => status !== 'default');
  const lines = [`### ${o.operationId}`, `\`${o.method} ${o.path}\`${o.security === undefined ? '' : ' *public*'}`];
  lines.push([sentence(o.summary), o.description ?? ''].join(' ').trim());
  const facts = [];
  if (ofPath.length === 0 && others.length === 0) facts.push('- Parameters: none.');
  else if (others.length > 0)
    facts.push(
      `- Parameters: ${others.map((p) => `\`${p.name}${p.required ? '' : '?'}\` ${where(p)}${kind(p.schema)}`).join('; ')}.`,
    );
  for (const [media, { schema }] of Object.entries(o.requestBody?.content ?? {}))
    facts.push(
      `- Body${o.requestBody.required ? '' : ' (may be left out)'}${media === 'application/json' ? '' : `, \`${media}\``}: ${kind(schema)}.`,
    );
  for (const [status, { content }] of answers) {
    const [[media, { schema }] = ['', {}]] = Object.entries(content ?? {});
    const what = schema === undefined ? 'no body' : kind(schema);
    facts.push(`- ${status}: ${what}${media === '' || media === 'application/json' ? '' : `, as \`${media}\``}.`);
  }
  lines.push(facts.join('\n'));
  return lines.join('\n\n');
}

const where = (p) => (p.in === 'header' ? '(header) ' : '');

/** A schema in a few words; shapes with a name are linked. */
function kind(schema) {
  if (schema === undefined || schema === true || Object.keys(schema).length === 0) return 'any JSON';
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1);
    return `[${name}](#${anchor(name)})`;
  }
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((v) => `\`${JSON.stringify(v)}\``).join(' or ');
  const parts = schema.anyOf ?? schema.oneOf;
  if (parts !== undefined) return [...new Set(parts.map(kind))].join(' or ');
  if (schema.allOf !== undefined) return schema.allOf.map(kind).join(' with ');
  if (schema.type === 'array') return `list of ${kind(schema.items)}`;
  if (schema.type === 'object') {
    const members = Object.entries(schema.properties ?? {});
    if (members.length === 0) {
      const [of] = Object.values(schema.patternProperties ?? {});
      const value = of ?? schema.additionalProperties;
      return typeof value === 'object' ? `map of ${kind(value)}` : 'object';
    }
    const required = new Set(schema.required ?? []);
    return `{ ${members.map(([name, of]) => `\`${name}${required.has(name) ? '' : '?'}\`: ${kind(of)}`).join(', ')} }`;
  }
  return [schema.type ?? 'any JSON', boundsOf(schema)].filter((t) => t !== '').join(' ');
}

function boundsOf(schema) {
  const from = schema.minimum ?? schema.minLength ?? schema.exclusiveMinimum;
  const to = schema.maximum ?? schema.maxLength;
  const of = schema.minLength !== undefined || schema.maxLength !== undefined ? ' characters' : '';
  if (from === undefined && to === undefined)
    return schema.pattern === undefined ? '' : `of the pattern \`${schema.pattern}\``;
  return `(${from === undefined ? '' : `from ${from}`}${from !== undefined && to !== undefined ? ' ' : ''}${to === undefined ? '' : `to ${to}`}${of})`;
}

/** A shape with its members as a table. */
function shapeText(schema) {
  const members = Object.entries(schema.properties ?? {});
  const about = schema.description === undefined ? [] : [sentence(schema.description)];
  if (schema.type !== 'object' || members.length === 0) return [...about, `${kind(schema)}.`].join('\n\n');
  const required = new Set(schema.required ?? []);
  const rows = members.map(([name, of]) => [
    `\`${name}${required.has(name) ? '' : '?'}\``,
    kind(of),
    sentence(of.description ?? ''),
  ]);
  return [...about, table(['member', 'kind', 'meaning'], rows)].join('\n\n');
}

const effects = {
  read: 'looks, at what the engine knows',
  look: 'asks a provider',
  edit: 'edits a change set',
  propose: 'asks people',
  act: 'may change Head and what is outside, within approvals and budgets',
};

/** The text of docs/reference/mcp.md, of the tools. */
export function mcpPage(tools) {
  const effect = (t) => effects[t.effect] ?? t.effect;
  return `# Tools for agents

${made('the tools')}

How an agent gets them, and what it may do, is in [agents.md](../agents.md). Tools that do more than look are offered only where
writing was allowed. All take one object; a member with \`?\` may be left out, and one that is not named here is refused.

${table(
  ['tool', 'what it does', 'effect'],
  tools.map((t) => [`[${t.name}](#${anchor(t.name)})`, t.title, effect(t)]),
)}

${tools
  .map((t) =>
    [
      `## ${t.name}`,
      `${sentence(t.description)} Effect: ${effect(t)}.${t.isDestructive ? ' What was there may be gone afterwards.' : ''}`,
      Object.keys(t.input.properties).length === 0 ? 'It takes nothing.' : shapeText(t.input),
      `Answers ${kind(t.output)}.`,
    ].join('\n\n'),
  )
  .join('\n\n')}
`;
}

/** Names, values and comments of limits.ts, in groups of what one comment is about: `[{names: [{name, value}], says}]`. */
export function readLimits(text) {
  const source = ts.createSourceFile('limits.ts', text, ts.ScriptTarget.ES2023, true);
  const out = [];
  const visit = (node) => {
    if (ts.isObjectLiteralExpression(node)) {
      for (const member of node.properties) {
        const comment = ts.getLeadingCommentRanges(text, member.getFullStart())?.at(-1);
        const entry = { name: member.name.getText(), value: numberOf(member.initializer) };
        if (comment === undefined) out.at(-1).names.push(entry);
        else out.push({ says: commentText(text.slice(comment.pos, comment.end)), names: [entry] });
      }
    } else ts.forEachChild(node, visit);
  };
  visit(source);
  return out;
}

const commentText = (comment) =>
  comment
    .replaceAll(/^\/\*\*?|\*\/$|^\s*\* ?/gm, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

function numberOf(node) {
  if (ts.isNumericLiteral(node)) return Number(node.text.replaceAll('_', ''));
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AsteriskToken)
    return numberOf(node.left) * numberOf(node.right);
  throw new Error(`limits.ts: ${node.getText()} is no number and no product of numbers`);
}

/** A figure as people say it, by the unit in its name. */
function figure(name, value) {
  const exactly = (units) => {
    const [factor, unit] = units.find(([f]) => value >= f && value % f === 0) ?? [1, units.at(-1)[1]];
    return `${(value / factor).toLocaleString('en-US')} ${unit}`;
  };
  if (/(Ms|Ms(Max|Min))$/.test(name))
    return exactly([
      [86_400_000, 'd'],
      [3_600_000, 'h'],
      [60_000, 'min'],
      [1_000, 's'],
      [1, 'ms'],
    ]);
  if (/Mib(Max|Min)?$/.test(name)) return `${value.toLocaleString('en-US')} MiB`;
  if (/Bytes(Max|Min)?$/.test(name))
    return exactly([
      [1024 ** 4, 'TiB'],
      [1024 ** 3, 'GiB'],
      [1024 ** 2, 'MiB'],
      [1024, 'KiB'],
      [1, 'bytes'],
    ]);
  return value.toLocaleString('en-US');
}

/** The text of docs/reference/limits.md, of the text of limits.ts. */
export function limitsPage(text) {
  const rows = readLimits(text).map(({ says, names }) => [
    names.map(({ name }) => `\`${name}\``).join(' '),
    names.map(({ name, value }) => figure(name, value)).join(', '),
    says,
  ]);
  return `# Bounds

${made('`src/base/limits.ts`')}

What a request may not exceed is refused with \`limit_exceeded\` ([errors.md](../errors.md)); the bounds of the engine's own
housekeeping only change when work is done. UTF-16 units are what JavaScript counts as characters.

${table(['name', 'bound', 'of what'], rows)}
`;
}

/** All pages by the name of their file, from what builds them: `{program, document, tools, limits}`. */
export function referencePages({ program, document, tools, limits }) {
  return {
    'cli.md': cliPage(program),
    'http.md': httpPage(document),
    'mcp.md': mcpPage(tools),
    'limits.md': limitsPage(limits),
  };
}

/** What builds them, as compiled. */
async function compiled() {
  const dist = (file) => import(new URL(`../dist/${file}`, import.meta.url).href);
  const { commandTree } = await dist('surfaces/cli/program.js');
  const { openApiOf } = await dist('surfaces/http/openapi.js');
  const { routes } = await dist('surfaces/http/routes/all.js');
  const { tools } = await dist('surfaces/mcp/tools.js');
  return {
    program: commandTree(async () => {}, '0.0.0'),
    document: JSON.parse(JSON.stringify(openApiOf(routes, '0.0.0'))),
    tools,
    limits: readFileSync(`${root}src/base/limits.ts`, 'utf8'),
  };
}

if (process.argv[1] === import.meta.filename) {
  const folder = `${root}docs/reference/`;
  const isCheck = process.argv.includes('--check');
  if (!isCheck) mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(referencePages(await compiled()))) {
    if (!isCheck) writeFileSync(folder + name, text);
    else if (readFileSync(folder + name, 'utf8') !== text) {
      process.stderr.write(`docs/reference/${name} is stale: run \`node scripts/reference-doc.mjs\`.\n`);
      process.exitCode = 1;
    }
  }
}
