// A type of our own: a service that others reach at a URL. `headwater schema author` runs `main` and makes a schema of what
// it returns; the builders and Joi are there without an import.

function main() {
  const host = new PropBuilder()
    .setName('Host')
    .setKind('string')
    .setDocumentation('The name under which it is reached.')
    .setValidationFormat(Joi.string().hostname().required())
    .build();
  const port = new PropBuilder()
    .setName('Port')
    .setKind('integer')
    .setDefaultValue(8080)
    .setValidationFormat(Joi.number().integer().min(1).max(65535))
    .build();
  const scheme = new PropBuilder()
    .setName('Scheme')
    .setKind('string')
    .setDefaultValue('https')
    .setWidget(
      new PropWidgetDefinitionBuilder().setKind('select').addOption('http', 'http').addOption('https', 'https').build(),
    )
    .build();
  const url = new PropBuilder()
    .setName('Url')
    .setKind('string')
    .setDocumentation('Made of the others by a function; others subscribe to it.')
    .build();
  const label = new PropBuilder()
    .setName('Label')
    .setKind('string')
    .setDocumentation('The host, unless something else is set.')
    .setValueFrom(new ValueFromBuilder().setKind('prop').setPropPath(['root', 'domain', 'Host']).build())
    .build();
  return new AssetBuilder().addProp(host).addProp(port).addProp(scheme).addProp(url).addProp(label).build();
}
