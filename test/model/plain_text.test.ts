import { expect, test } from 'vitest';
import { escapedText, isPlainText } from '../../src/base/plain_text.ts';

test('[BA9] plain text is what a line of a terminal shows as it is', () => {
  for (const plain of ['', 'new network', 'Zürich 網路 🛰', 'سلام', 'a\u200fb', '-'])
    expect(isPlainText(plain), JSON.stringify(plain)).toBe(true);
  for (const other of [
    '\u0000',
    'a\nb',
    'a\r',
    '\t',
    '\u001b[2K',
    '\u007f',
    '\u009b2J',
    '\u2028',
    '\u202e',
    '\u2066x',
    '\ud83d',
  ])
    expect(isPlainText(other), JSON.stringify(other)).toBe(false);
});

test('[BA9] what is not plain is shown as JSON escapes it, but for what is to stay', () => {
  const line = 'ok\r\u001b[2K\u001b[31mred\u001b[39m\u009b \u202eback\n';
  expect(escapedText(line)).toBe('ok\\u000d\\u001b[2K\\u001b[31mred\\u001b[39m\\u009b \\u202eback\\u000a');
  expect(escapedText(line, /\x1b\[(?:31|39)m|\n/)).toBe(
    'ok\\u000d\\u001b[2K\u001b[31mred\u001b[39m\\u009b \\u202eback\n',
  );
  expect(JSON.parse(`"${escapedText('a\u0007b')}"`)).toBe('a\u0007b');
});
