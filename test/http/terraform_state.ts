// A Terraform state (version 4) with one resource of a type that the catalogue has, for tests of taking it over by the HTTP API.
// What it becomes is a component with its range and the id of its resource.

export const terraformState = {
  version: 4,
  terraform_version: '1.9.0',
  serial: 1,
  lineage: 'a',
  outputs: {},
  resources: [
    {
      mode: 'managed',
      type: 'aws_vpc',
      name: 'main',
      provider: 'provider["registry.terraform.io/hashicorp/aws"]',
      instances: [{ schema_version: 1, attributes: { id: 'vpc-1', cidr_block: '10.0.0.0/16' } }],
    },
  ],
};
