// The engine that containers are made by, as a secret: who reaches its socket rules the machine. It is reached at a unix socket or
// at a URL; which one, functions find in the item `Engine`.

export default defineSchema({
  docs: 'An engine that speaks the Docker Engine API: Docker, or Podman with `podman system service`.',
  domain: {},
  definesSecret: {
    name: 'Container Engine',
    fields: {
      Socket: { kind: 'string', docs: 'A unix socket, such as `unix:/run/podman/podman.sock`.' },
      Url: { kind: 'string', docs: 'Instead of a socket: `http://host:port` or `https://host:port`.' },
    },
  },
  authentication: {
    // @network $Socket $Url
    engine({ Socket, Url }) {
      if ((Socket === undefined) === (Url === undefined))
        throw new Error('a Container Engine has either a Socket, such as unix:/run/podman/podman.sock, or a Url');
      const path = Socket?.replace(/^unix:(\/\/)?/, '');
      if (path !== undefined && !path.startsWith('/'))
        throw new Error(`Socket is to be unix:/ and the rest of an absolute path, not ${Socket}`);
      requestStorage.setItem(
        'Engine',
        path === undefined ? Url!.replace(/\/+$/, '') : `http+unix://${encodeURIComponent(path)}`,
      );
    },
  },
});
