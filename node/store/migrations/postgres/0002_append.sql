-- Appends a group of entries with all that becomes durable with them: one statement, so one
-- transaction and one word to the server and back. Every parameter is a column of a table's new rows.
--
-- Joins go through the indexes, whatever the planner believes about the sizes of tables.
create function append(
    of_epoch bigint,
    new_head text,
    entry_idx bigint[], entry_at bigint[], entry_kind text[], entry_peer text[],
    entry_peer_seq bigint[], entry_query bytea[], entry_header bytea[], entry_record bytea[],
    entry_nodes bytea[],
    change_idx bigint[], change_text text[],
    asked_entry bigint[], asked_id text[], asked_owner text[], asked_sent_at bigint[],
    asked_signed_at bigint[], asked_query bytea[],
    settled_query bytea[], settled_outcome text[], settled_authority text[], settled_when bigint[],
    settled_reply bytea[], settled_receipt bytea[],
    served_entry bigint[], served_id text[], served_requester text[], served_at bigint[],
    served_asked_at bigint[], served_query bytea[], served_outcome text[], served_authority text[],
    served_reply bytea[], served_reads bytea[], served_latest bigint[], served_kept boolean[],
    receipted_query bytea[], receipted_when bigint[], receipted_receipt bytea[],
    page_entry bigint[], page_side text[], page_until bigint[], page_lengths text[],
    page_bytes bytea[], page_images bytea[],
    letter_peer text[], letter_kind bigint[], letter_digest bytea[], letter_topic text[],
    letter_body text[],
    read_id bytea[], read_at bigint[], read_plate text[], read_camera text[], read_text text[],
    read_images bytea[], read_earlier_of bytea[], read_entry bigint[], read_tail text[],
    read_state text[], read_lat bigint[], read_lon bigint[],
    read_cell bigint[], read_make text[], read_color text[], read_body text[],
    version_id bytea[], version_number bigint[], version_text text[], version_entry bigint[],
    corrected_id bytea[], corrected_at bigint[], corrected_plate text[],
    corrected_withdrawn bigint[], corrected_text text[], corrected_images bytea[],
    corrected_tail text[], corrected_state text[],
    corrected_lat bigint[], corrected_lon bigint[], corrected_cell bigint[],
    corrected_make text[], corrected_color text[], corrected_body text[],
    purged bytea[],
    ended bigint[],
    owed_entry bigint[], owed_at bigint[], owed_peer text[], owed_query text[], owed_envelope bytea[],
    proved bigint[],
    waived_entry bigint[], waived_peer text[],
    shown_entry bigint[], shown_plate text[],
    mention_what bigint[], mention_word text[], mention_entry bigint[]
) returns void language plpgsql
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
    if not pg_try_advisory_xact_lock(writer_lock())
        or not exists (select from node where epoch = of_epoch)
    then
        raise exception 'another node writes to this database' using errcode = 'object_in_use';
    end if;
    if entry_idx[1] <> (select coalesce(max(idx) + 1, 0) from entries) then
        raise exception 'entry % does not follow the last one', entry_idx[1]
            using errcode = 'integrity_constraint_violation';
    end if;

    insert into head (one, signed) values (1, new_head)
        on conflict (one) do update set signed = excluded.signed;

    insert into entries (idx, at, kind, peer, peer_seq, query, header, record, nodes)
        select * from unnest(entry_idx, entry_at, entry_kind, entry_peer, entry_peer_seq, entry_query,
                             entry_header, entry_record, entry_nodes);

    if cardinality(change_idx) > 0 then
        insert into changes (idx, change) select * from unnest(change_idx, change_text);
    end if;

    if cardinality(asked_entry) > 0 then
        insert into asked (entry, query_id, owner, sent_at, asked_at, query)
            select * from unnest(asked_entry, asked_id, asked_owner, asked_sent_at,
                                 asked_signed_at, asked_query);
    end if;

    if cardinality(settled_query) > 0 then
        -- Of several words about one query, the last.
        update asked set outcome = word.outcome, authority = word.authority, settled_at = word.at,
               reply = word.reply, receipt = word.receipt
            from (select distinct on (query) *
                  from unnest(settled_query, settled_outcome, settled_authority, settled_when,
                              settled_reply, settled_receipt)
                       with ordinality as word (query, outcome, authority, at, reply, receipt, nth)
                  order by query, nth desc) as word
            join entries on entries.query = word.query
            where asked.entry = entries.idx
              and (asked.outcome is null or asked.outcome = 'unanswered');
    end if;

    if cardinality(served_entry) > 0 then
        insert into served
                (entry, query_id, requester, at, asked_at, query, outcome, authority, reply, reads,
                 latest)
            select entry, id, requester, at, asked, query, outcome, authority, reply, reads, latest
            from unnest(served_entry, served_id, served_requester, served_at, served_asked_at,
                        served_query, served_outcome, served_authority, served_reply, served_reads,
                        served_latest, served_kept)
                 as new (entry, id, requester, at, asked, query, outcome, authority, reply, reads,
                         latest, kept)
            where kept;
        insert into turned_away (entry, query_id, requester, asked_at, query, reply)
            select entry, id, requester, asked, query, reply
            from unnest(served_entry, served_id, served_requester, served_asked_at, served_query,
                        served_reply, served_kept)
                 as new (entry, id, requester, asked, query, reply, kept)
            where not kept;
        -- Whoever appends has looked for the id before; this holds whatever was overlooked.
        if exists (
            select from unnest(served_entry, served_kept) as new (entry, kept)
            join entries as new_one on new_one.idx = new.entry
            join entries as other on other.query = new_one.query and other.idx <> new_one.idx
            join served on served.entry = other.idx
            where new.kept
        ) then
            raise exception 'a query is served once' using errcode = 'unique_violation';
        end if;
    end if;

    if cardinality(receipted_query) > 0 then
        update served set receipted_at = word.at, receipt = word.receipt
            from (select distinct on (query) *
                  from unnest(receipted_query, receipted_when, receipted_receipt)
                       with ordinality as word (query, at, receipt, nth)
                  order by query, nth) as word
            join entries on entries.query = word.query
            where served.entry = entries.idx and served.receipted_at is null;
    end if;

    if cardinality(page_entry) > 0 then
        insert into pages (entry, side, until, lengths, bytes, images)
            select entry, side, until, lengths::bigint[], bytes, images
            from unnest(page_entry, page_side, page_until, page_lengths, page_bytes, page_images)
                 as new (entry, side, until, lengths, bytes, images);
    end if;

    if cardinality(letter_peer) > 0 then
        insert into outbox (peer, kind, digest, topic, body)
            select peer, kind, digest, topic, body
            from unnest(letter_peer, letter_kind, letter_digest, letter_topic, letter_body)
                 with ordinality as new (peer, kind, digest, topic, body, nth)
            order by nth;
    end if;

    if cardinality(read_id) > 0 then
        perform keep_month(day)
            from (select distinct floor(at / 86400000.0)::bigint as day
                  from unnest(read_at) as at) as days;
        insert into read_ids (id, at) select * from unnest(read_id, read_at);
        insert into reads
                (id, at, plate, camera, read, images, earlier_of, entry, tail, state, lat, lon, cell,
                 make, color, body)
            select * from unnest(read_id, read_at, read_plate, read_camera, read_text, read_images,
                                 read_earlier_of, read_entry, read_tail, read_state, read_lat,
                                 read_lon, read_cell, read_make, read_color, read_body);
    end if;

    if cardinality(read_id) > 0 or cardinality(page_entry) > 0 then
        insert into images (digest, refs)
            select digest, count(*)
            from unnest(read_images || page_images) as packed, each_of(packed) as digest
            group by digest order by digest
            on conflict (digest) do update set refs = images.refs + excluded.refs;
    end if;

    if cardinality(corrected_id) > 0 then
        perform keep_month(day)
            from (select distinct floor(at / 86400000.0)::bigint as day
                  from unnest(corrected_at) as at) as days;
        -- A read that was destroyed meanwhile leaves nothing behind.
        insert into read_versions (read, version, text, entry)
            select id, number, version, entry
            from unnest(version_id, version_number, version_text, version_entry)
                 as new (id, number, version, entry)
            where exists (select from read_ids where read_ids.id = new.id);
        -- Taken out and put in: reads can be spread over machines by their plate, which changes, and a
        -- read whose reader told an earlier time may be of another month.
        with new as (
            select distinct on (id) *
            from unnest(corrected_id, corrected_at, corrected_plate, corrected_withdrawn, corrected_text,
                        corrected_images, corrected_tail, corrected_state, corrected_lat,
                        corrected_lon, corrected_cell, corrected_make, corrected_color, corrected_body)
                 with ordinality as new (id, at, plate, withdrawn, text, images, tail, state, lat, lon,
                                         cell, make, color, body, nth)
            order by id, nth desc
        ), gone as (
            delete from reads using read_ids
                where read_ids.id = any (corrected_id)
                  and reads.at = read_ids.at and reads.id = read_ids.id
                returning reads.id, reads.camera, reads.entry, reads.images, reads.earlier_of
        ), moved as (
            update read_ids set at = new.at from new
                where read_ids.id = new.id and read_ids.at <> new.at
        ), put as (
            insert into reads
                    (id, at, plate, camera, read, images, earlier_of, entry, withdrawn, tail, state, lat,
                     lon, cell, make, color, body)
                select gone.id, new.at, new.plate,
                       case when new.withdrawn is null then gone.camera else '' end,
                       new.text, new.images, gone.earlier_of, gone.entry, new.withdrawn, new.tail,
                       new.state, new.lat, new.lon, new.cell, new.make, new.color, new.body
                from gone join new using (id)
        ), more as (
            -- A version that is told better later may have other photographs.
            select digest, sum(times) as times
            from (select digest, 1 as times
                  from gone join new using (id), each_of(new.images) as digest
                  union all
                  select digest, -1 from gone, each_of(gone.images) as digest) as each
            group by digest order by digest
        )
        insert into images (digest, refs) select digest, times from more where times <> 0
            on conflict (digest) do update set refs = images.refs + excluded.refs;
    end if;

    if cardinality(purged) > 0 then
        with ids as (
            delete from read_ids where id = any (purged) returning id, at
        ), gone as (
            delete from reads using ids where reads.at = ids.at and reads.id = ids.id
            returning reads.images
        ), fewer as (
            select digest, count(*) as times from gone, each_of(gone.images) as digest
            group by digest
        )
        update images set refs = refs - times from fewer where images.digest = fewer.digest;
        delete from read_versions where read = any (purged);
    end if;

    if cardinality(ended) > 0 then
        with gone as (
            delete from pages where entry = any (ended) returning images
        ), fewer as (
            select digest, count(*) as times from gone, each_of(gone.images) as digest
            group by digest
        )
        update images set refs = refs - times from fewer where images.digest = fewer.digest;
    end if;

    if cardinality(owed_entry) > 0 then
        insert into debts (entry, at, peer, query_id, envelope)
            select * from unnest(owed_entry, owed_at, owed_peer, owed_query, owed_envelope);
    end if;

    if cardinality(proved) > 0 then
        delete from debts where entry = any (proved);
    end if;

    if cardinality(shown_entry) > 0 then
        insert into shown (entry, plate) select * from unnest(shown_entry, shown_plate);
    end if;

    if cardinality(mention_entry) > 0 then
        insert into mentions (what, word, entry)
            select * from unnest(mention_what, mention_word, mention_entry);
    end if;

    if cardinality(waived_peer) > 0 then
        update debts set waived = 1 from unnest(waived_entry, waived_peer) as new (entry, peer)
            where debts.peer = new.peer and debts.entry < new.entry;
    end if;
end
$$;
