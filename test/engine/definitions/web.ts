interface Ports { http: number }

function main(): Asset {
  console.log('building');
  const ports: Ports = { http: 80 };
  const host = new PropBuilder()
    .setName('Host')
    .setKind('string')
    .setValidationFormat(Joi.string().hostname().required())
    .build();
  const port = new PropBuilder().setName('Port').setKind('integer').setDefaultValue(ports.http).build();
  const shown = new PropBuilder()
    .setName('Shown')
    .setKind('string')
    .setValueFrom(new ValueFromBuilder().setKind('prop').setPropPath(['root', 'domain', 'Host']).build())
    .build();
  return new AssetBuilder().addProp(host).addProp(port).addProp(shown).build();
}
