// What suites need that Debian's packages have: which packages, a file by which it is known that one is there, and their
// installation. They are installed in CI alone; elsewhere a machine is its owner's, who is told what is missing.
import { existsSync } from 'node:fs';
import { runChild } from './steps.mjs';

export const inCi = Boolean(process.env.CI) && process.env.CI !== 'false';

const sandbox = { bubblewrap: '/usr/bin/bwrap' };
const nats = { 'nats-server': '/usr/sbin/nats-server' };
const packagesOf = {
  containers: {
    podman: '/usr/bin/podman',
    runc: '/usr/sbin/runc',
    netavark: '/usr/lib/podman/netavark',
    'aardvark-dns': '/usr/lib/podman/aardvark-dns',
    iptables: '/usr/sbin/iptables',
    'docker.io': '/usr/sbin/dockerd',
    'busybox-static': '/bin/busybox',
  },
  dns: {
    'pdns-server': '/usr/sbin/pdns_server',
    'pdns-backend-sqlite3': '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql',
  },
  bench: { ...nats, ...sandbox },
  cluster: { ...nats, ...sandbox },
  nats: { ...nats, ...sandbox },
  process: sandbox,
};

/** The packages that suites need and this machine lacks. */
function missingOf(suites) {
  const wanted = Object.assign({}, ...suites.map((suite) => packagesOf[suite] ?? {}));
  return Object.keys(wanted).filter((name) => !existsSync(wanted[name]));
}

/**
 * In CI, what suites need is installed; what that does not bring fails by their tests. Elsewhere what is missing is said, and
 * answered.
 */
export async function provide(suites) {
  const missing = missingOf(suites);
  if (missing.length === 0) return [];
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  if (!inCi) {
    process.stderr.write(`Not on this machine: ${missing.join(', ')}. Debian has them: apt-get ${install.join(' ')}\n`);
    return missing;
  }
  for (const args of [['update'], install]) {
    const { code } = await runChild('apt-get', args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
    if (code !== 0) process.stdout.write(`apt-get ${args.join(' ')} ended with exit code ${code ?? 'none, killed'}.\n`);
  }
  return missingOf(suites);
}
