// The Retry-After header (RFC 9110, 10.2.3): whole seconds, or a date in one of the three forms of HTTP (5.6.7). What is
// neither is no header. Dates are counted by hand (Hinnant: "chrono-Compatible Low-Level Date Algorithms"), because pure
// code has no clock to ask; all of them are in GMT.

import { limits } from '../base/limits.ts';

const dayMs = 86_400_000;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const shortDay = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const longDay = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day';
const month = `(?<month>${months.join('|')})`;
const time = '(?<h>\\d\\d):(?<m>\\d\\d):(?<s>\\d\\d)';
const forms = [
  new RegExp(`^${shortDay}, (?<day>\\d\\d) ${month} (?<year>\\d{4}) ${time} GMT$`),
  new RegExp(`^${longDay}, (?<day>\\d\\d)-${month}-(?<year>\\d\\d) ${time} GMT$`),
  new RegExp(`^${shortDay} ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
];

/** Milliseconds from now, 0 for a time that is over, at most `limits.retryAfterMsMax`; undefined: it says nothing. */
export function retryAfterMs(header: string, nowMs: number): number | undefined {
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : fromDate(text, nowMs);
  return ms === undefined ? undefined : Math.min(Math.max(0, ms), limits.retryAfterMsMax);
}

function fromDate(text: string, nowMs: number): number | undefined {
  const at = httpDateMs(text, nowMs);
  return at === undefined ? undefined : at - nowMs;
}

/** Milliseconds since 1970; undefined: no date of HTTP. `nowMs` tells which century a year of two digits is in. */
export function httpDateMs(text: string, nowMs: number): number | undefined {
  if (text.length > 64) return undefined;
  for (const form of forms) {
    const g = form.exec(text)?.groups;
    if (g === undefined) continue;
    const [day, h, m, s] = [Number(g['day']), Number(g['h']), Number(g['m']), Number(g['s'])];
    const year = g['year']!.length === 2 ? inCentury(Number(g['year']), nowMs) : Number(g['year']);
    const at = months.indexOf(g['month']!) + 1;
    // A minute may have a leap second; it counts as the first of the next one.
    if (day < 1 || day > daysOf(year, at) || h > 23 || m > 59 || s > 60) return undefined;
    return daysSince1970(year, at, day) * dayMs + ((h * 60 + m) * 60 + s) * 1_000;
  }
  return undefined;
}

/** The year nearest to now: one that would be over fifty years ahead is past (RFC 9110, 5.6.7), and the reverse. */
function inCentury(twoDigits: number, nowMs: number): number {
  const now = yearOf(nowMs);
  const year = now - (now % 100) + twoDigits;
  if (year > now + 50) return year - 100;
  return year <= now - 50 ? year + 100 : year;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysOf(year: number, at: number): number {
  if (at === 2) return isLeap(year) ? 29 : 28;
  return at === 4 || at === 6 || at === 9 || at === 11 ? 30 : 31;
}

/** Years begin in March here, so that the leap day is the last of one. */
function daysSince1970(year: number, at: number, day: number): number {
  const y = at <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const ofEra = y - era * 400;
  const ofYear = Math.floor((153 * (at + (at > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}

function yearOf(ms: number): number {
  const day = Math.floor(ms / dayMs);
  let year = 1970 + Math.floor(day / 365.2425);
  if (daysSince1970(year, 1, 1) > day) year--;
  if (daysSince1970(year + 1, 1, 1) <= day) year++;
  return year;
}
