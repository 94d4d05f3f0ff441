-- Every index costs each append one page more to make durable, and one with random keys one page
-- an entry; so there is one such index, and exchanges are found through it.

-- The audit log. A row is never changed and never deleted, but its record is set to null at the end of
-- its retention, once an entry says so. Indexes count up without a gap and times never go
-- back, so a time is found by halving.
create table entries (
    idx       integer primary key,
    -- The time of the header, or what a clock that was accepted later makes of it.
    at        integer not null,
    kind      text    not null,
    peer      text,
    peer_seq  integer,
    query     blob,
    -- Packed, as node/store/src/packed.rs says; so are salt, body and envelopes in the record.
    header    blob    not null,
    record    blob,
    -- The hashes of the perfect subtrees above the leaf that this entry completed, 32 bytes each,
    -- lowest first. So the tree is durable with its entry, and costs no row of its own.
    nodes     blob
) strict;
create unique index entries_by_peer on entries (peer, peer_seq) where peer is not null;
create index entries_by_query on entries (query) where query is not null;

-- Every act that changes who may see what, in the order of the log: the registry is their fold.
create table changes (
    idx     integer primary key references entries (idx),
    change  text not null
) strict;

-- What this database is to hold, as the log's key signed it with the last group of entries. It is
-- overwritten by each group, in the group's own transaction, so a crash never parts the two.
create table head (
    one     integer primary key check (one = 1),
    signed  text    not null
) strict;

-- Queries that left this node, by the entry that let them; the envelope stands beside it. With the
-- time of signing and the digests, two logs are reconciled without reading an entry.
create table asked (
    entry      integer primary key references entries (idx),
    query_id   text    not null,
    owner      text    not null,
    sent_at    integer not null,
    asked_at   integer not null,
    query      blob    not null,
    outcome    text,
    authority  text,
    settled_at integer,
    reply      blob,
    receipt    blob
) strict;

-- Queries of peers that this node answered or refused, by the entry that did. Beside the entry
-- stand the envelopes of the query and of the reply.
create table served (
    entry        integer primary key references entries (idx),
    query_id     text    not null,
    requester    text    not null,
    at           integer not null,
    asked_at     integer not null,
    query        blob    not null,
    outcome      text    not null,
    authority    text,
    reply        blob    not null,
    receipt      blob,
    receipted_at integer,
    -- The reads released, 32 bytes each, and the instant of the latest: who is to be told of a
    -- correction. Looked through from end to end, since corrections are rare and answers are not;
    -- null once none of them is stored any more.
    reads        blob,
    latest       integer
) strict;

-- Refusals that are not given again for the same id, such as of an answer that is no longer sent
-- again.
create table turned_away (
    entry        integer primary key references entries (idx),
    query_id     text    not null,
    requester    text    not null,
    asked_at     integer not null,
    query        blob    not null,
    reply        blob    not null
) strict;

-- Whoever appends has looked for the id before; this holds whatever was overlooked.
create trigger served_once before insert on served
when exists (
    select 1 from entries as new_one
    join entries as old_one on old_one.query = new_one.query
    join served on served.entry = old_one.idx
    where new_one.idx = new.entry
)
begin
    select raise(abort, 'a query is served once');
end;

-- Pages of an answer, end to end, by the entry that they came with: the owner's for redelivery,
-- the requester's for the retention of answers; packed. side is 'served' or 'asked'; lengths is a JSON
-- array, in bytes.
create table pages (
    entry    integer primary key references entries (idx),
    side     text    not null,
    until    integer not null,
    lengths  text    not null,
    bytes    blob    not null,
    -- Photographs of the answer that are kept as long: a JSON array of digests in hexadecimal.
    images   text
) strict;
create index pages_by_end on pages (until);

-- Plates whose reads an entry released or showed: who saw a plate, whatever was typed. It goes with the
-- entry's record. Rows come in the order of entries.
create table shown (
    entry    integer not null references entries (idx),
    plate    text    not null
) strict;
create unique index shown_by_plate on shown (plate, entry);

-- What the body of an entry mentions, since it is packed: who acted (what is 1), for whom it was asked (2),
-- and the case (3, in small letters). A row goes with its entry's record.
create table mentions (
    what     integer not null,
    word     text    not null,
    entry    integer not null references entries (idx),
    primary key (what, word, entry)
) strict, without rowid;

-- Entries that peers' logs must hold of exchanges and have not proven: by the entry that left each, the
-- digest of what stands beside the peer's. Whose are proven are deleted, so that there are few; looked
-- through from end to end. waited: for how many seconds it was owed over a connection that stood;
-- waived: it counts for no bound.
create table debts (
    entry    integer primary key references entries (idx),
    at       integer not null,
    peer     text    not null,
    query_id text    not null,
    envelope blob    not null,
    waited   integer not null default 0,
    waived   integer not null default 0
) strict;

-- What must still reach a peer. Only a durable append fills it.
create table outbox (
    id       integer primary key,
    peer     text    not null,
    kind     integer not null,
    digest   text    not null,
    -- The head of the envelope, which names what it holds: messages of one topic wait in one line.
    topic    text    not null,
    body     text    not null
) strict;
create index outbox_by_letter on outbox (digest, peer);

-- The last signed head of each peer's log that this node cosigned, verbatim.
create table witnessed (
    origin     text    primary key,
    size       integer not null,
    root       text    not null,
    checkpoint text    not null
) strict;

-- Signed heads of this node's log with the cosignatures that peers gave, verbatim.
create table cosigned (
    size       integer primary key,
    checkpoint text    not null
) strict;

-- What verifies the authenticators of people; whose each is, and whether it counts, stands in the log.
create table authenticators (
    id       text primary key,
    verifier text not null,
    used     text not null
) strict;

-- Sessions, by H(token).
create table sessions (
    token   blob primary key,
    session text not null
) strict;

create table reads (
    row     integer primary key,
    id      blob    not null unique,
    plate   text    not null,
    at      integer not null,
    camera  text    not null,
    read    text    not null,
    -- The read that tells the same sighting better.
    earlier_of blob,
    -- The entry that brought it.
    entry   integer not null,
    -- The entry that withdrew it. It is kept for who audits and found by nothing: what it would be found
    -- by is empty.
    withdrawn integer
) strict;
create index reads_by_plate on reads (plate, at);
-- What is past its retention. Reads come in nearly in this order.
create index reads_by_time on reads (at);
create index reads_by_sighting on reads (earlier_of) where earlier_of is not null;

-- Photographs that reads and kept answers refer to, with how many times; their bytes are kept
-- outside. Counted here, so that whoever destroys a read need not think of it; one that is at zero
-- is destroyed and then forgotten.
create table images (
    digest  blob    primary key,
    refs    integer not null
) strict;
create index images_unreferenced on images (digest) where refs = 0;

create trigger read_with_images after insert on reads
when json_type(new.read, '$.images') is not null
begin
    insert into images (digest, refs)
        select unhex(value->>'$.digest'), 1 from json_each(new.read, '$.images') where true
        on conflict (digest) do update set refs = refs + 1;
end;

create trigger read_with_images_gone after delete on reads
when json_type(old.read, '$.images') is not null
begin
    update images set refs = refs - gone.times
        from (select unhex(value->>'$.digest') as digest, count(*) as times
              from json_each(old.read, '$.images') group by 1) as gone
        where images.digest = gone.digest;
end;

-- A version that is told better later may have other photographs.
create trigger read_with_other_images after update of read on reads
when json_extract(new.read, '$.images') is not json_extract(old.read, '$.images')
begin
    insert into images (digest, refs)
        select unhex(value->>'$.digest'), 1 from json_each(new.read, '$.images') where true
        on conflict (digest) do update set refs = refs + 1;
    update images set refs = refs - gone.times
        from (select unhex(value->>'$.digest') as digest, count(*) as times
              from json_each(old.read, '$.images') group by 1) as gone
        where images.digest = gone.digest;
end;

create trigger answer_with_images after insert on pages when new.images is not null
begin
    insert into images (digest, refs)
        select unhex(value), 1 from json_each(new.images) where true
        on conflict (digest) do update set refs = refs + 1;
end;

create trigger answer_with_images_gone after delete on pages when old.images is not null
begin
    update images set refs = refs - gone.times
        from (select unhex(value) as digest, count(*) as times
              from json_each(old.images) group by 1) as gone
        where images.digest = gone.digest;
end;

-- Earlier versions of reads that were corrected, or told better by their reader, by the entry of that.
create table read_versions (
    read    blob    not null,
    version integer not null,
    text    text    not null,
    entry   integer not null references entries (idx),
    primary key (read, version)
) strict;

create trigger read_versions_gone after delete on reads
when exists (select 1 from read_versions where read = old.id)
begin
    delete from read_versions where read = old.id;
end;

-- An entry with all that becomes durable with it is one row inserted into this view, which a trigger
-- spreads over the tables, and a group of them is one insert: one statement, so one transaction and one
-- hop to the thread of the database. Nearly every value is a column, bound as it is; what there is any
-- number of is a JSON array of rows, whose long texts stand end to end in `long` and are named by offset
-- from 1 and length, in bytes. What an entry does not bring is null; the last of a group brings the head.
create view appended (
    idx, at, kind, peer, peer_seq, query, header, record, nodes,
    change,
    asked_id, asked_owner, asked_at, asked_query,
    settled_query, settled_outcome, settled_authority, settled_reply, settled_receipt,
    served_id, served_requester, served_asked_at, served_query, served_outcome, served_authority,
    served_reply, served_reads, served_latest, served_kept,
    receipted_query, receipted_receipt,
    page_side, page_until, page_lengths, page_bytes, page_images,
    owed_peer, owed_query, owed_envelope,
    waived_peer,
    letters, reads, versions, corrected, purged, ended, proved, long,
    shown, mentions,
    head
) as select null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
    null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
    null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null
    where false;
