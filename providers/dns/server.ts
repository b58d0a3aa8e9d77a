// How a PowerDNS server is reached: the kind of secret that zones and record sets take as their credential.

export default defineSchema({
  docs: 'Address and key of a PowerDNS server with its HTTP interface on (`api=yes`, `api-key`).',
  definesSecret: {
    name: 'PowerDNS Server',
    fields: {
      Url: { kind: 'string', required: true, docs: 'For example `http://127.0.0.1:8081`.' },
      ApiKey: { kind: 'string', required: true, widget: 'password' },
      Server: { kind: 'string', docs: 'Its name there; nearly always `localhost`, which is the default.' },
    },
  },
  domain: {},
  authentication: {
    // @network $Url
    // @plain Url Server dnsUrl dnsServer
    reach(secret) {
      requestStorage.setItem('dnsUrl', `${secret.Url}`.replace(/\/+$/, ''));
      requestStorage.setItem('dnsServer', secret.Server ?? 'localhost');
      requestStorage.setItem('dnsKey', secret.ApiKey);
    },
  },
});
