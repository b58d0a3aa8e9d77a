// Version 4 of the tables: concurrency keys over all engines. One function is one exchange of src/ports/shared_keys.ts. It locks the rows
// of all keys that are asked for in their order, before it looks at anything; what is cleaned passes by what others have locked, so no
// two exchanges wait for each other. Engines of earlier releases do not know of it and count for themselves.
//   key_rate.full_at     when the bucket of the key is full again; what a provider asked for is in not_before, and in full_at as well
//   key_hold             a seat under way; counts until the time it has, and while the server has not been up for as long as that lasts
//   key_turn             an engine waits at a key since then; is_stopped: that key is the one that stopped it
// Keys that are long or have unusual characters are called by their hash.

export const keys = `
create table key_rate (
  key text collate "C" primary key,
  full_at timestamptz not null default '-infinity',
  not_before timestamptz not null default '-infinity'
);

create table key_hold (
  key text collate "C" not null,
  engine text collate "C" not null,
  seat bigint not null,
  until timestamptz not null,
  primary key (key, engine, seat)
);
create index key_hold_engine on key_hold (engine, seat);

create table key_turn (
  key text collate "C" not null,
  engine text collate "C" not null,
  since timestamptz not null,
  until timestamptz not null,
  is_stopped boolean not null,
  primary key (key, engine)
);
create index key_turn_engine on key_turn (engine);

create function key_exchange(me text, exchange jsonb) returns jsonb language plpgsql as $$
declare
  ms constant interval := interval '1 millisecond';
  hold constant interval := (exchange->>'holdMs')::float8 * ms;
  turn constant interval := (exchange->>'turnMs')::float8 * ms;
  aged constant interval := (exchange->>'agedMs')::float8 * ms;
  at timestamptz;
  alive timestamptz;
  answers jsonb[] := '{}';
  stops jsonb := '{}';
  stop jsonb;
  request record;
  k record;
  rate key_rate;
  mine timestamptz;
  ahead bigint;
  opens timestamptz;
begin
  insert into key_rate (key)
    select distinct u.key collate "C" from (
      select t->>'key' as key from jsonb_array_elements(exchange->'told') t
      union all
      select jsonb_array_elements(a->'keys')->>'key' from jsonb_array_elements(exchange->'asked') a) u
    order by 1
    on conflict (key) do update set key = excluded.key;
  at := clock_timestamp();
  alive := case when at < pg_postmaster_start_time() + hold then '-infinity' else at end;

  delete from key_hold where engine = me and seat in (select g::bigint from jsonb_array_elements_text(exchange->'given') g);
  if exchange ? 'holding' then
    delete from key_hold where engine = me and seat <= (exchange->>'lastSeat')::bigint
      and seat not in (select (h->>'seat')::bigint from jsonb_array_elements(exchange->'holding') h);
    insert into key_hold (key, engine, seat, until)
      select n.key, me, (h->>'seat')::bigint, at + hold
        from jsonb_array_elements(exchange->'holding') h, jsonb_array_elements_text(h->'keys') n(key)
      order by 1, 3
      on conflict (key, engine, seat) do update set until = excluded.until;
  end if;

  for k in select t->>'key' as key, (t->>'ms')::float8 * ms as wait, ((t->>'burst')::int - 1) * (t->>'intervalMs')::float8 * ms as saved
      from jsonb_array_elements(exchange->'told') t loop
    update key_rate set not_before = greatest(not_before, at + k.wait), full_at = greatest(full_at, at + k.wait + k.saved)
      where key = k.key;
  end loop;

  for request in select (a->>'seat')::bigint as seat, a->'keys' as keys,
      (select array_agg(n->>'key') from jsonb_array_elements(a->'keys') n) as names
      from jsonb_array_elements(exchange->'asked') with ordinality o(a, i) order by i loop
    -- What stopped one stops the next with the same key.
    select stops->n into stop from unnest(request.names) n where stops ? n limit 1;
    if stop is null then
      select min(since) into mine from key_turn where engine = me and key = any(request.names) and until > at - hold;
      mine := coalesce(mine, at);
      for k in select n->>'key' as key, (n->>'atOnce')::int as at_once, (n->>'intervalMs')::float8 * ms as every,
          ((n->>'burst')::int - 1) * (n->>'intervalMs')::float8 * ms as saved
          from jsonb_array_elements(request.keys) n loop
        select * into rate from key_rate where key = k.key;
        select count(*) into ahead from key_turn t where t.key = k.key and t.engine <> me and t.until > at and t.since < mine
          and (t.is_stopped or t.since < at - aged);
        opens := case when ahead = 0 then rate.full_at else greatest(rate.full_at, at) + ahead * k.every end;
        opens := greatest(rate.not_before, opens - k.saved);
        if opens > at then
          stop := jsonb_build_object('key', k.key, 'waitMs', extract(epoch from opens - at) * 1000);
        elsif k.at_once <= ahead + (select count(*) from key_hold h where h.key = k.key and h.until > alive) then
          stop := jsonb_build_object('key', k.key, 'waitMs', null);
        end if;
        exit when stop is not null;
      end loop;
      if stop is null then
        insert into key_hold (key, engine, seat, until) select n, me, request.seat, at + hold from unnest(request.names) n;
        update key_rate r set full_at = greatest(r.full_at, at) + (n->>'intervalMs')::float8 * ms
          from jsonb_array_elements(request.keys) n where r.key = n->>'key';
        delete from key_turn where engine = me and key = any(request.names);
      else
        stops := stops || jsonb_build_object(stop->>'key', stop);
        insert into key_turn (key, engine, since, until, is_stopped)
          select n, me, mine, at + coalesce((stop->>'waitMs')::float8, 0) * ms + turn, n = stop->>'key' from unnest(request.names) n
          on conflict (key, engine) do update
            set since = excluded.since, until = excluded.until, is_stopped = excluded.is_stopped;
      end if;
    end if;
    answers := array_append(answers, coalesce(stop, 'null'::jsonb));
  end loop;

  delete from key_turn where engine = me and key in (select jsonb_array_elements_text(exchange->'withdrawn'));
  -- Most looks write nothing, and wait for no disk.
  update key_turn set until = at + turn
    where engine = me and until < at + turn / 2 and key in (select jsonb_array_elements_text(exchange->'waiting'));
  return jsonb_build_object('asked', to_jsonb(answers), 'open', (
    select coalesce(jsonb_agg(s->>'key'), '[]') from jsonb_array_elements(exchange->'stopped') s
      left join key_turn m on m.engine = me and m.key = s->>'key'
      where ((s->>'atOnce')::int <= (select count(*) from key_hold h where h.key = s->>'key' and h.until > alive)
        + (select count(*) from key_turn t where t.key = s->>'key' and t.engine <> me and t.until > at
             and t.since < coalesce(m.since, at) and (t.is_stopped or t.since < at - aged))) is not true));
end $$;

-- What says nothing any more; passes by what others are about to use.
create function key_clean() returns void language plpgsql as $$
declare
  at constant timestamptz := clock_timestamp();
begin
  delete from key_hold where (key, engine, seat) in (
    select key, engine, seat from key_hold where until < at - interval '1 hour' for update skip locked);
  delete from key_turn where (key, engine) in (
    select key, engine from key_turn where until < at - interval '1 hour' for update skip locked);
  delete from key_rate where key in (
    select key from key_rate where full_at < at - interval '1 hour' and not_before < at - interval '1 hour' for update skip locked);
end $$;
`;
