// Services of AWS whose resources are in no region: they are the same whichever region is spoken to. The provider `aws` has
// the same list, since functions import nothing.

export const regionless: readonly string[] = [
  'Budgets',
  'CE',
  'CloudFront',
  'GlobalAccelerator',
  'IAM',
  'Organizations',
  'Route53',
  'WAF',
];

/** By the name of the type: `AWS::IAM::Role`. */
export function isRegionless(type: string): boolean {
  return regionless.includes(type.split('::')[1] ?? '');
}
