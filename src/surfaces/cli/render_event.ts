// Events for people: one line each, its position first, with when and by whom where that is known. What has happened is a
// sentence, that of the audit where there is one.

import { isObject, type Json } from '../../base/json.ts';
import type { WorkspaceEvent } from '../../engine/event_shape.ts';
import { paint, table } from './output.ts';
import { timeText } from './render_run.ts';

export function eventLines(events: readonly WorkspaceEvent[]): string[] {
  return table(
    events.map((e) => {
      const data = isObject(e.data) ? e.data : {};
      const { atMs, actor } = data;
      const when = typeof atMs === 'number' ? timeText(atMs) : '';
      const who = typeof actor === 'string' ? actor : '';
      return [paint('dim', String(e.position ?? '-')), when, e.kind, who, sentenceOf(e, data)];
    }),
  );
}

function sentenceOf({ kind }: WorkspaceEvent, data: { readonly [key: string]: Json }): string {
  const said = (name: string): string => (typeof data[name] === 'string' ? data[name] : String(data[name] ?? ''));
  switch (kind) {
    case 'action':
      return `${said('kind')} ${said('componentName')}: ${said('status')}`;
    case 'resource':
      return `${(data['components'] as readonly unknown[]).length} resources known anew`;
    case 'propagation':
      return `${said('pending')} values pending`;
    case 'run':
      return `${said('functionName')}: ${said('status')}`;
    case 'run_log':
      return `${said('run')} ${said('text')}`;
    default:
      return said('sentence');
  }
}
