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

-- What an entry does not bring is told by a look at its first column, before any table is opened.
create trigger append instead of insert on appended
begin
    insert into entries (idx, at, kind, peer, peer_seq, query, header, record, nodes)
        values (new.idx, new.at, new.kind, new.peer, new.peer_seq, new.query, new.header, new.record,
                new.nodes);
    insert into changes (idx, change) select new.idx, new.change where new.change is not null;
    insert into asked (entry, query_id, owner, sent_at, asked_at, query)
        select new.idx, new.asked_id, new.asked_owner, new.at, new.asked_at, new.asked_query
        where new.asked_id is not null;
    update asked set outcome = new.settled_outcome, authority = new.settled_authority,
            settled_at = new.at, reply = new.settled_reply, receipt = new.settled_receipt
        where new.settled_query is not null
            and entry in (select idx from entries where query = new.settled_query)
            and (outcome is null or outcome = 'unanswered');
    insert into served
            (entry, query_id, requester, at, asked_at, query, outcome, authority, reply, reads,
             latest)
        select new.idx, new.served_id, new.served_requester, new.at, new.served_asked_at,
               new.served_query, new.served_outcome, new.served_authority, new.served_reply,
               new.served_reads, new.served_latest
        where new.served_kept = 1;
    insert into turned_away (entry, query_id, requester, asked_at, query, reply)
        select new.idx, new.served_id, new.served_requester, new.served_asked_at, new.served_query,
               new.served_reply
        where new.served_kept = 0;
    update served set receipted_at = new.at, receipt = new.receipted_receipt
        where new.receipted_query is not null
            and entry in (select idx from entries where query = new.receipted_query)
            and receipted_at is null;
    insert into pages (entry, side, until, lengths, bytes, images)
        select new.idx, new.page_side, new.page_until, new.page_lengths, new.page_bytes,
               new.page_images
        where new.page_side is not null;
    insert into debts (entry, at, peer, query_id, envelope)
        select new.idx, new.at, new.owed_peer, new.owed_query, new.owed_envelope
        where new.owed_peer is not null;
    insert into outbox (peer, kind, digest, topic, body)
        select value->>0, value->>1, value->>2, value->>3, value->>4
        from json_each(new.letters) where new.letters is not null;
    insert into reads
            (id, plate, at, camera, read, earlier_of, entry, tail, state, lat, lon, cell, make, color,
             body)
        select unhex(value->>0), value->>1, value->>2, value->>3,
               cast(substr(new.long, value->>4, value->>5) as text), unhex(value->>7), new.idx,
               value->>'$[6].tail', value->>'$[6].state', value->>'$[6].lat', value->>'$[6].lon',
               value->>'$[6].cell', value->>'$[6].make', value->>'$[6].color', value->>'$[6].body'
        from json_each(new.reads) where new.reads is not null;
    -- A read that was destroyed meanwhile leaves nothing behind.
    insert into read_versions (read, version, text, entry)
        select unhex(value->>0), value->>1, cast(substr(new.long, value->>2, value->>3) as text),
               new.idx
        from json_each(new.versions)
        where new.versions is not null
            and exists (select 1 from reads where id = unhex(value->>0));
    update reads set plate = row.value->>1, at = row.value->>5,
               withdrawn = case when row.value->>6 then new.idx end,
               camera = case when row.value->>6 then '' else camera end,
               read = cast(substr(new.long, row.value->>2, row.value->>3) as text),
               tail = row.value->>'$[4].tail', state = row.value->>'$[4].state',
               lat = row.value->>'$[4].lat', lon = row.value->>'$[4].lon',
               cell = row.value->>'$[4].cell', make = row.value->>'$[4].make',
               color = row.value->>'$[4].color', body = row.value->>'$[4].body'
        from json_each(new.corrected) as row
        where new.corrected is not null and reads.id = unhex(row.value->>0);
    delete from reads where new.purged is not null
        and id in (select unhex(value) from json_each(new.purged));
    delete from pages where new.ended is not null
        and entry in (select value from json_each(new.ended));
    delete from debts where new.proved is not null
        and entry in (select value from json_each(new.proved));
    update debts set waived = 1
        where new.waived_peer is not null and peer = new.waived_peer and entry < new.idx;
    insert into shown (entry, plate)
        select new.idx, value from json_each(new.shown) where new.shown is not null;
    insert into mentions (what, word, entry)
        select value->>0, value->>1, new.idx from json_each(new.mentions)
        where new.mentions is not null;
    insert into head (one, signed) select 1, new.head where new.head is not null
        on conflict (one) do update set signed = excluded.signed;
end;
