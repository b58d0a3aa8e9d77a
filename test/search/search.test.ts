// What searches mean: each kind of term, how terms combine, what is refused and where, what an index may be asked.

import { describe, expect, test } from 'vitest';
import { must } from '../../src/base/result.ts';
import { matchSearch, parseSearch, requiredSchemas, type SearchSubject, searchText } from '../../src/formats/search.ts';

const web: SearchSubject = {
  name: 'prod web 1',
  schema: 'AWS::EC2::Instance',
  attributes: () => [
    ['/si/name', 'prod web 1'],
    ['/domain/InstanceType', 'm8g.large'],
    ['/domain/LaunchTemplate/Version', '1'],
    ['/domain/Monitoring', 'true'],
    ['/domain/UserData', ''],
    ['/domain/SecurityGroupIds/0', 'sg-1'],
    ['/domain/SecurityGroupIds/1', 'sg-2'],
    ['/domain/Tags/0/Key', 'Role'],
    ['/domain/Tags/0/Value', 'Production "Access"'],
    ['/domain/Labels/aws:stack~1name', 'net*work'],
    ['/domain/Ip', '2001:db8::1'],
    ['/resource_value/VpcId', 'vpc-1'],
    ['/domain/DeadName', 'x'],
  ],
};

const found = (text: string, subject = web) => matchSearch(must(parseSearch(text)), subject);

describe('terms', () => {
  test.each([
    '',
    '  ',
    'prod',
    'PROD',
    '"prod web"',
    'Instance',
    'AWS::EC2::Instance',
    'p*1',
    'aws::*::inst',
    'schema:AWS::EC2::Instance',
    'SCHEMA:aws::ec2::instance',
    'schema:Instance',
    'schema:AWS::*',
    'schema:*Inst*',
    'schema:AWS::EC2::VPC|AWS::EC2::Instance',
    'schema:VPC|schema:Instance',
    'schema:!AWS::EC2::VPC',
    '!schema:VPC',
    'InstanceType:m8g.large',
    'instancetype:M8G.LARGE',
    'InstanceType:m8g.*',
    'InstanceType:m*.large',
    'InstanceType:m7*|m8*',
    'InstanceType:m8g.small|"m8g.large"',
    'InstanceType:!m8g.small',
    'InstanceType:!a|b',
    'InstanceType:',
    'InstanceType:*',
    'InstanceType:x | prod',
    'LaunchTemplate/Version:1',
    '/domain/LaunchTemplate/Version:1',
    'Monitoring:true',
    'UserData:""',
    'UserData:',
    'SecurityGroupIds:sg-2',
    'SecurityGroupIds/1:sg-2',
    '/domain/SecurityGroupIds:sg-1',
    'SecurityGroupIds:!sg-1',
    'Tags/Value:Prod*',
    'Tags/Value:"Production \\"Access\\""',
    'Tags/0/Key:Role',
    'Labels/"aws:stack~1name":net*',
    '"Labels/aws:stack~1name":"net\\*work"',
    'Ip:2001:db8::1',
    'Ip:"2001:db8::1"',
    '!AvailabilityZone:*',
  ])('%s finds it', (text) => expect(found(text)).toBe(true));

  test.each([
    'dev',
    '"prod  web"',
    'p*2',
    'schema:AWS::EC2',
    'schema:EC2::Instance',
    'schema:Inst',
    'schema:VPC',
    'schema:!Instance',
    'InstanceType:m8g',
    'InstanceType:large',
    'InstanceType:!m8g.large',
    'InstanceType:!m8g.small|m8g.*',
    'VpcId:vpc-',
    'AvailabilityZone:!x',
    'AvailabilityZone:',
    'Version/LaunchTemplate:1',
    '/LaunchTemplate/Version:1',
    '/domain/Version:1',
    'LaunchTemplate:1',
    'Name:x',
    'SecurityGroupIds/0:sg-2',
    'UserData:!""',
    'Labels/"aws:stack~1name":"net\\*"',
  ])('%s does not', (text) => expect(found(text)).toBe(false));
});

describe('combinations', () => {
  test.each([
    ['prod web', true],
    ['prod dev', false],
    ['prod & web', true],
    ['prod&&web', true],
    ['dev | web', true],
    ['dev||web', true],
    ['dev|web', true],
    ['dev | stage', false],
    ['dev prod | web', true],
    ['dev (prod | web)', false],
    ['(dev | prod) web', true],
    ['!dev prod', true],
    ['!prod web', false],
    ['!(prod dev)', true],
    ['!(prod | dev)', false],
    ['! prod | web', true],
    ['!!prod', true],
    ['prod(web)', true],
    ['Monitoring:true|false InstanceType:x', false],
    ['Monitoring:x|!Monitoring:false', true],
    ['Monitoring:x|Monitoring:!false', true],
    ['Monitoring:x|(prod)', true],
    ['prod (schema:AWS::EC2::Instance InstanceType:m8g.* | schema:LoadBalancer !MaxSize:0|1)', true],
  ])('%s: %s', (text, expected) => expect(found(text)).toBe(expected));

  test('attributes are asked for once, and only when name and schema do not decide', () => {
    const asked = (text: string) => {
      let times = 0;
      found(text, {
        ...web,
        attributes: () => {
          times++;
          return web.attributes();
        },
      });
      return times;
    };
    expect(asked('prod')).toBe(0);
    expect(asked('VpcId:vpc-1 dev')).toBe(0);
    expect(asked('VpcId:vpc-1 | prod')).toBe(0);
    expect(asked('!(VpcId:vpc-1 | prod)')).toBe(0);
    expect(asked('prod VpcId:vpc-1 InstanceType:m8g.large')).toBe(1);
  });
});

describe('refusals say what was expected and where', () => {
  test.each([
    ['(prod', 5, '")"'],
    ['prod)', 4, 'the end, or a "(" before'],
    ['prod |', 6, 'a name, a path or "("'],
    ['| prod', 0, 'a name, a path or "("'],
    ['prod & | web', 7, 'a name, a path or "("'],
    ['()', 1, 'a name, a path or "("'],
    ['!', 1, 'a name, a path or "("'],
    ['a "b', 4, 'a quote that closes the one at character 3'],
    [':x', 0, 'a path such as VpcId, Tags/Name or /domain/VpcId'],
    ['a Tags/:x', 2, 'a path such as VpcId, Tags/Name or /domain/VpcId'],
    ['a//b:x', 0, 'a path such as VpcId, Tags/Name or /domain/VpcId'],
    ['/:x', 0, 'a path such as VpcId, Tags/Name or /domain/VpcId'],
    ['Tags/*:x', 0, 'a path without "*"'],
    ['VpcId:!', 7, 'a value'],
    ['VpcId:a|VpcId:', 14, 'a value'],
  ])('%s', (text, position, expected) => {
    const result = parseSearch(text);
    expect(result).toMatchObject({ ok: false, refusal: { code: 'request_malformed', expected, data: { position } } });
    expect(!result.ok && result.refusal.got).toMatch(`at character ${position + 1}`);
  });

  test('a search that is too long or too deep', () => {
    const tooMuch = { ok: false, refusal: { code: 'limit_exceeded' } };
    expect(parseSearch('x'.repeat(8_193))).toMatchObject(tooMuch);
    expect(parseSearch(`${'('.repeat(65)}x${')'.repeat(65)}`)).toMatchObject(tooMuch);
    expect(parseSearch(`${'('.repeat(64)}x${')'.repeat(64)}`).ok).toBe(true);
    expect(parseSearch(`${'(x) '.repeat(2_000)}`).ok).toBe(true);
    expect(parseSearch(`${'!'.repeat(8_191)}x`)).toMatchObject({ ok: true, value: { kind: 'not' } });
  });
});

describe('required schemas', () => {
  test.each([
    ['', undefined],
    ['prod', undefined],
    ['schema:A::B', ['A::B']],
    ['schema:A::B|C::D|a::b', ['a::b', 'C::D']],
    ['schema:A::*', undefined],
    ['schema:B', undefined],
    ['schema:A::B prod VpcId:x', ['A::B']],
    ['schema:A::B|C::D schema:C::D', ['C::D']],
    ['schema:A::B | schema:C::D x', ['A::B', 'C::D']],
    ['schema:A::B | x', undefined],
    ['!schema:A::B', undefined],
  ])('%s: %j', (text, expected) => expect(requiredSchemas(must(parseSearch(text)))).toEqual(expected));
});

test.each([
  [' (a  b)&( c )', 'a b c'],
  ['a|(b|c)', 'a | b | c'],
  ['a (b|c) | d', 'a (b | c) | d'],
  ['!(a)', '!a'],
  ['!( a b )', '!(a b)'],
  ['!(! a)', 'a'],
  ['schema:!A', '!schema:A'],
  ['x:', 'x:*'],
  ['a**b', 'a*b'],
  ['"plain"', 'plain'],
  ['"a b"', '"a b"'],
  ['"!a"', '"!a"'],
  ['"a:b"', '"a:b"'],
  ['AWS::EC2::VPC', 'AWS::EC2::VPC'],
  ['a:"x|y"|z', 'a:"x|y"|z'],
  ['"schema":x', '"schema":x'],
  ['Tags/"aws:x":y', '"Tags/aws:x":y'],
  ['"\\*\\""', '"\\*\\""'],
  ['C:\\x', 'C:\\x'],
  ['""', '""'],
])('the canonical text of %s is %s', (text, canonical) => {
  expect(searchText(must(parseSearch(text)))).toBe(canonical);
  expect(parseSearch(canonical)).toEqual(parseSearch(text));
});
