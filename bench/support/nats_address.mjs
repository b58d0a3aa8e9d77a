// An address of NATS as its client takes it, which reads no name and password out of one.
export function plainly(address) {
  const { host, username, password } = new URL(address);
  return { servers: host, user: username, pass: decodeURIComponent(password) };
}
