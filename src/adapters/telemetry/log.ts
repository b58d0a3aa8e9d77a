// The log of a server: one line of JSON for each request and each bug, with the ids by which they are found elsewhere. On
// standard error, so that standard output is the command's. Never a body, a value of the model or a token.

import { type Logger, pino } from 'pino';

export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

export function openLog(level: LogLevel): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, pino.destination({ dest: 2, sync: true }));
}
