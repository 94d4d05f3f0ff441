-- What reads are found by, beside plate, time and camera: the plate backwards, its state, the place in
-- ten-millionths of a degree, the cell of a grid that it is in, and the vehicle's make, colour and
-- body as they are compared. The node makes them out of the read, when it stores or corrects one; for
-- reads that were stored before, when it next opens the database.
alter table reads add column tail text;
alter table reads add column state text;
alter table reads add column lat integer;
alter table reads add column lon integer;
alter table reads add column cell integer;
alter table reads add column make text;
alter table reads add column color text;
alter table reads add column body text;

-- Those that have none yet.
create index reads_without_terms on reads (row) where tail is null;
create index reads_by_tail on reads (tail, at);
create index reads_by_cell on reads (cell, at) where cell is not null;
create index reads_by_camera on reads (camera, at);
create index reads_by_make on reads (make, at) where make is not null;

create trigger append instead of insert on groups
begin
    insert into entries (idx, at, kind, peer, peer_seq, query, header, salt, body, envelope, nodes)
        select value->>0, value->>1, value->>2, value->>3, value->>4, unhex(value->>5),
               cast(substr(new.long, value->>6, value->>7) as text),
               substr(new.long, value->>8, value->>9),
               cast(substr(new.long, value->>10, value->>11) as text),
               case when value->>12 is null then null
                    else cast(substr(new.long, value->>12, value->>13) as text) end,
               case when value->>14 is null then null
                    else substr(new.long, value->>14, value->>15) end
        from json_each(new.entries);
    insert into changes (idx, change)
        select value->>0, cast(substr(new.long, value->>1, value->>2) as text)
        from json_each(new.changes);
    insert into asked (entry, query_id, owner, sent_at, asked_at, query)
        select value->>0, value->>1, value->>2, value->>3, value->>4, unhex(value->>5)
        from json_each(new.asked);
    update asked set outcome = row.value->>1, authority = row.value->>2, settled_at = row.value->>3,
            reply = unhex(row.value->>4), receipt = unhex(row.value->>5)
        from json_each(new.settled) as row
        join entries on entries.query = unhex(row.value->>0)
        where asked.entry = entries.idx and (asked.outcome is null or asked.outcome = 'unanswered');
    insert into served
            (entry, query_id, requester, at, asked_at, query, outcome, authority, reply, reads,
             latest)
        select value->>0, value->>1, value->>2, value->>3, value->>4, unhex(value->>5),
               value->>6, value->>7, unhex(value->>8), value->>9, value->>10
        from json_each(new.served);
    insert into turned_away (entry, query_id, requester, asked_at, query, reply)
        select value->>0, value->>1, value->>2, value->>4, unhex(value->>5), unhex(value->>8)
        from json_each(new.turned_away);
    update served set receipted_at = row.value->>1, receipt = unhex(row.value->>2)
        from json_each(new.receipted) as row
        join entries on entries.query = unhex(row.value->>0)
        where served.entry = entries.idx and served.receipted_at is null;
    insert into pages (entry, side, until, lengths, bytes, images)
        select value->>0, value->>1, value->>2, value->>3, substr(new.long, value->>4, value->>5),
               value->>6
        from json_each(new.pages);
    insert into outbox (peer, kind, digest, topic, body)
        select value->>0, value->>1, value->>2, value->>5,
               cast(substr(new.long, value->>3, value->>4) as text)
        from json_each(new.outbox);
    insert into reads
            (id, plate, at, camera, read, earlier_of, entry, tail, state, lat, lon, cell, make, color,
             body)
        select unhex(value->>0), value->>1, value->>2, value->>3,
               cast(substr(new.long, value->>4, value->>5) as text), unhex(value->>7), value->>8,
               value->>'$[6].tail', value->>'$[6].state', value->>'$[6].lat', value->>'$[6].lon',
               value->>'$[6].cell', value->>'$[6].make', value->>'$[6].color', value->>'$[6].body'
        from json_each(new.reads);
    -- A read that was destroyed meanwhile leaves nothing behind.
    insert into read_versions (read, version, text, entry)
        select unhex(value->>0), value->>1, cast(substr(new.long, value->>2, value->>3) as text),
               value->>4
        from json_each(new.versions)
        where exists (select 1 from reads where id = unhex(value->>0));
    update reads set plate = row.value->>1, at = row.value->>5, withdrawn = row.value->>6,
               camera = case when row.value->>6 is null then camera else '' end,
               read = cast(substr(new.long, row.value->>2, row.value->>3) as text),
               tail = row.value->>'$[4].tail', state = row.value->>'$[4].state',
               lat = row.value->>'$[4].lat', lon = row.value->>'$[4].lon',
               cell = row.value->>'$[4].cell', make = row.value->>'$[4].make',
               color = row.value->>'$[4].color', body = row.value->>'$[4].body'
        from json_each(new.corrected) as row where reads.id = unhex(row.value->>0);
    delete from reads where id in (select unhex(value) from json_each(new.purged));
    delete from pages where entry in (select value from json_each(new.ended));
    insert into debts (entry, at, peer, query_id, envelope)
        select value->>0, value->>1, value->>2, value->>3, unhex(value->>4)
        from json_each(new.owed);
    delete from debts where entry in (select value->>0 from json_each(new.proved));
    update debts set waived = 1 from json_each(new.waived) as row
        where debts.peer = row.value->>1 and debts.entry < row.value->>0;
    insert into head (one, signed) values (1, new.head)
        on conflict (one) do update set signed = excluded.signed;
end;
