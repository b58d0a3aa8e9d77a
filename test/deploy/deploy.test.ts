// The files under deploy/: the chart as helm renders it, held to the schemas of Kubernetes with no member that they do not have, and to what
// is promised of it; the compose file and the image in what they have in common with it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Service } from 'kubernetes-models/v1/Service';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { commandTree } from '../../src/surfaces/cli/program.ts';
import { helm } from '../support/helm.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const chart = join(root, 'deploy/helm/headwater');
// biome-ignore lint/suspicious/noExplicitAny: documents of other people's shapes, looked into here and there.
type Doc = any;

const models = { Deployment, NetworkPolicy, PodDisruptionBudget, Service } as const;
const modules: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
  PodDisruptionBudget: 'policy/v1',
  Service: 'v1',
};

const needed = ['existingSecret=headwater'];
const nats = 'nats.url=nats://nats:4222';

async function rendered(...settings: string[]): Promise<Doc[]> {
  const set = settings.flatMap((setting) => ['--set', setting]);
  const text = await helm('template', 'trial', chart, '--namespace', 'infra', ...set);
  return parseAllDocuments(text)
    .map((d) => d.toJS() as Doc)
    .filter((d) => d !== null);
}

const named = (docs: readonly Doc[]): string[] => docs.map((d) => `${d.kind} ${d.metadata.name}`).sort();
const find = (docs: readonly Doc[], kind: string, name: string): Doc =>
  docs.find((d) => d.kind === kind && d.metadata.name === name);

/** What is wrong with documents by the schemas: values, then members that there are none of. */
function problemsOf(docs: readonly Doc[]): string[] {
  const problems: string[] = [];
  for (const doc of docs) {
    const Model = models[doc.kind as keyof typeof models];
    try {
      new Model(doc).validate();
    } catch (e) {
      problems.push(`${doc.kind} ${doc.metadata.name}: ${(e as Error).message}`);
    }
  }
  const file = join(root, 'test/deploy/rendered.ts');
  const kinds = Object.entries(modules);
  const text = [
    ...kinds.map(([kind, at]) => `import type { I${kind} } from 'kubernetes-models/${at}/${kind}';`),
    ...docs.map((doc, i) => `export const d${i}: I${doc.kind} = ${JSON.stringify(doc)};`),
  ].join('\n');
  const options: ts.CompilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.getSourceFile = (path, ...more) =>
    path === file ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022) : getSourceFile(path, ...more);
  const checked = ts.createProgram([file], options, host);
  for (const d of checked.getSemanticDiagnostics(checked.getSourceFile(file)))
    problems.push(ts.flattenDiagnosticMessageText(d.messageText, ' '));
  return problems;
}

describe('the chart', () => {
  test('[EN746] renders what the schemas allow, with runners and without', { timeout: 120_000 }, async () => {
    const plain = await rendered(...needed);
    expect(named(plain)).toEqual([
      'Deployment trial-headwater-engine',
      'NetworkPolicy trial-headwater-engine',
      'PodDisruptionBudget trial-headwater-engine',
      'Service trial-headwater',
    ]);
    const whole = await rendered(...needed, nats, 'engines.args={--public-url,https://hw.example.com}');
    expect(named(whole)).toEqual(
      [
        ...named(plain).map((n) => n),
        'Deployment trial-headwater-runner',
        'NetworkPolicy trial-headwater-runner',
        'PodDisruptionBudget trial-headwater-runner',
      ].sort(),
    );
    expect(problemsOf(whole)).toEqual([]);
    const secret = await rendered(...needed, nats, 'nats.engineCredentials=e', 'nats.runnerCredentials=r');
    expect(problemsOf(secret)).toEqual([]);
    const mounted = secret
      .filter((d) => d.kind === 'Deployment')
      .map((d) => d.spec.template.spec.volumes[2].secret.secretName);
    expect(mounted.sort()).toEqual(['e', 'r']);
    expect(problemsOf(plain)).toEqual([]);
    // What is wrong is found: a value, and a member that there is none of.
    const wrong = structuredClone(find(plain, 'Deployment', 'trial-headwater-engine'));
    wrong.spec.replicas = 'two';
    wrong.spec.template.spec.containers[0].readinesProbe = {};
    const problems = problemsOf([wrong]).join('\n');
    expect(problems).toMatch(/replicas/);
    expect(problems).toMatch(/readinesProbe/);
  });

  test('[EN746] confines each pod, probes the engines and keeps the key from the runners', {
    timeout: 120_000,
  }, async () => {
    const docs = await rendered(...needed, nats);
    for (const doc of docs.filter((d) => d.kind === 'Deployment')) {
      const pod = doc.spec.template.spec;
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: 'RuntimeDefault' } },
      });
      expect(pod.containers).toHaveLength(1);
      const [container] = pod.containers;
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources).toMatchObject({ limits: { cpu: '2', memory: '2Gi' }, requests: {} });
      expect(container.volumeMounts.map((m: Doc) => m.mountPath)).toEqual(['/data', '/tmp']);
      // A disruption budget and a policy are of its pods.
      const labels = doc.spec.template.metadata.labels;
      const [budget, policy] = ['PodDisruptionBudget', 'NetworkPolicy'].map((kind) =>
        find(docs, kind, doc.metadata.name),
      );
      expect(labels).toMatchObject(doc.spec.selector.matchLabels);
      expect(labels).toMatchObject(budget.spec.selector.matchLabels);
      expect(labels).toMatchObject(policy.spec.podSelector.matchLabels);
      expect(policy.spec.policyTypes).toEqual(['Ingress', 'Egress']);
    }
    const engine = find(docs, 'Deployment', 'trial-headwater-engine').spec.template;
    const [container] = engine.spec.containers;
    expect(engine.metadata.labels).toMatchObject(find(docs, 'Service', 'trial-headwater').spec.selector);
    expect(container.livenessProbe.httpGet.path).toBe('/healthz');
    expect(container.startupProbe.httpGet.path).toBe('/healthz');
    expect(container.readinessProbe.httpGet.path).toBe('/readyz');
    expect(container.env.map((e: Doc) => e.name)).toEqual(['POD_IP', 'HEADWATER_STORE', 'HEADWATER_KEY']);
    const runner = find(docs, 'Deployment', 'trial-headwater-runner').spec.template.spec.containers[0];
    expect(runner.env).toBeUndefined();
    const policy = find(docs, 'NetworkPolicy', 'trial-headwater-runner').spec;
    expect(policy.ingress).toEqual([]);
    expect(policy.egress.flatMap((rule: Doc) => rule.ports.map((p: Doc) => p.port))).toEqual([53, 53, 4222, 443]);
  });

  test('[EN746] says what values it cannot be rendered with', { timeout: 120_000 }, async () => {
    await expect(rendered()).rejects.toThrow(/existingSecret/);
    await expect(rendered(...needed, 'engines.replicas=0')).rejects.toThrow(/replicas/);
    await expect(rendered(...needed, 'nats.url=http://nats')).rejects.toThrow(/nats/);
    await expect(rendered(...needed, 'engine.replicas=2')).rejects.toThrow(/engine/);
    expect(await helm('lint', chart, '--strict', '--set', needed[0]!)).toContain('0 chart(s) failed');
  });
});

/** Options of `headwater NAME`. */
function optionsOf(name: string): readonly string[] {
  const command = commandTree(async () => {}, '0').commands.find((c: Command) => c.name() === name)!;
  return command.options.map((o) => o.long!);
}

describe('the compose file and the image', () => {
  const compose = parse(readFileSync(join(root, 'deploy/compose.yaml'), 'utf8'), { merge: true }) as Doc;
  const image = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');

  test('[EN747] engines and runners run as the same user as in the image, on a root that is read-only', () => {
    expect(Object.keys(compose.services).sort()).toEqual(['engine', 'nats', 'postgres', 'runner-a', 'runner-b']);
    for (const name of ['engine', 'runner-a', 'runner-b'])
      expect(compose.services[name]).toMatchObject({
        image: 'headwater',
        user: '10001:10001',
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
    expect(image).toContain('USER 10001:10001');
    expect(image).toMatch(/^ENV .*HEADWATER_DATA=\/data/m);
    expect(compose.services['engine'].environment).toHaveProperty('HEADWATER_KEY');
    for (const name of ['runner-a', 'runner-b']) expect(compose.services[name].environment).toBeUndefined();
    for (const name of ['engine', 'nats', 'postgres']) expect(compose.services[name].healthcheck).toBeDefined();
  });

  test('[EN747] the options given are those of the command', async () => {
    const docs = await rendered(...needed, nats);
    const inChart = (name: string): string[] =>
      find(docs, 'Deployment', `trial-headwater-${name}`).spec.template.spec.containers[0].args;
    const args: readonly (readonly string[])[] = [
      compose.services['engine'].command,
      compose.services['runner-a'].command,
      inChart('engine'),
      inChart('runner'),
    ];
    expect(args.map(([command]) => command)).toEqual(['serve', 'runner', 'serve', 'runner']);
    for (const [command, ...more] of args)
      expect(more.filter((arg) => arg.startsWith('--') && !optionsOf(command!).includes(arg))).toEqual([]);
  }, 120_000);
});
