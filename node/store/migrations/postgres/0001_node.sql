-- Whose database this is, and who writes to it. Whoever begins to write counts the epoch up while it
-- holds the writer's lock, and every append compares it under the same lock: a writer that lost the
-- lock, through a failover or a pooler, cannot append any more. `state` is `moving` while a log is
-- being copied here, `copied` once the copy was compared, and `live` when a node has run on it.
create table node (
    one    boolean primary key default true check (one),
    agency text,
    epoch  bigint  not null default 0,
    state  text    not null default 'new' check (state in ('new', 'moving', 'copied', 'live'))
);
insert into node default values;

-- The advisory lock that the one writer holds, and takes once more in each append.
create function writer_lock() returns bigint immutable language sql as 'select 71895125815908';

-- Texts that are compared or sorted are so by their bytes, whatever the language of the database.
-- Nothing references another table: an append is one function, which keeps the tables together, and
-- looking after references would cost it a look-up a row.

-- The audit log. A row is never changed and never deleted, but its record is set to null at the end of
-- its retention, once an entry says so. Indexes count up without a gap and times never go back, so a
-- time is found by halving.
create table entries (
    idx      bigint primary key,
    -- The time of the header, or what a clock that was accepted later makes of it.
    at       bigint not null,
    kind     text   collate "C" not null,
    peer     text   collate "C",
    peer_seq bigint,
    query    bytea,
    -- Packed, as node/store/src/packed.rs says; so are salt, body and envelopes in the record.
    header   bytea  not null,
    record   bytea,
    -- The hashes of the perfect subtrees above the leaf that this entry completed, 32 bytes each,
    -- lowest first.
    nodes    bytea
);
create unique index entries_by_peer on entries (peer, peer_seq) where peer is not null;
create index entries_by_query on entries (query) where query is not null;

-- Every act that changes who may see what, in the order of the log: the registry is their fold.
create table changes (
    idx    bigint primary key,
    change text   not null
);

-- What this database is to hold, as the log's key signed it with the last group of entries: overwritten
-- by each group, in the group's own transaction.
create table head (
    one    integer primary key check (one = 1),
    signed text    not null
);

-- Queries that left this node, by the entry that let them; the envelope stands beside it.
create table asked (
    entry      bigint primary key,
    query_id   text   not null,
    owner      text   collate "C" not null,
    sent_at    bigint not null,
    asked_at   bigint not null,
    query      bytea  not null,
    outcome    text   collate "C",
    authority  text   collate "C",
    settled_at bigint,
    reply      bytea,
    receipt    bytea
);
create index asked_unsettled on asked (sent_at) where outcome is null;

-- Queries of peers that this node answered or refused, by the entry that did.
create table served (
    entry        bigint primary key,
    query_id     text   not null,
    requester    text   collate "C" not null,
    at           bigint not null,
    asked_at     bigint not null,
    query        bytea  not null,
    outcome      text   collate "C" not null,
    authority    text   collate "C",
    reply        bytea  not null,
    receipt      bytea,
    receipted_at bigint,
    -- The reads released, 32 bytes each, and the instant of the latest: who is to be told of a
    -- correction. Looked through from end to end, since corrections are rare and answers are not;
    -- null once none of them is stored any more.
    reads        bytea,
    latest       bigint
);

-- Refusals that are not given again for the same id: it may be answered yet.
create table turned_away (
    entry     bigint primary key,
    query_id  text   not null,
    requester text   collate "C" not null,
    asked_at  bigint not null,
    query     bytea  not null,
    reply     bytea  not null
);

-- Pages of an answer, end to end, by the entry that they came with, packed; side is 'served' or 'asked'.
create table pages (
    entry   bigint   primary key,
    side    text     collate "C" not null,
    until   bigint   not null,
    lengths bigint[] not null,
    bytes   bytea    not null,
    -- Photographs of the answer that are kept as long, 32 bytes of digest each.
    images  bytea
);
create index pages_by_end on pages (until);

-- Entries that peers' logs must hold of exchanges and have not proven: by the entry that left each, the
-- digest of what stands beside the peer's. Whose are proven are deleted, so that there are few.
-- waited: for how many seconds it was owed over a connection that stood; waived: it counts for no bound.
create table debts (
    entry    bigint  primary key,
    at       bigint  not null,
    peer     text    collate "C" not null,
    query_id text    not null,
    envelope bytea   not null,
    waited   bigint  not null default 0,
    waived   bigint  not null default 0
);

-- What must still reach a peer. Only a durable append fills it.
create table outbox (
    id     bigint generated by default as identity primary key,
    peer   text    collate "C" not null,
    kind   integer not null,
    digest bytea   not null,
    -- The head of the envelope, which names what it holds: messages of one topic wait in one line.
    topic  text    collate "C" not null,
    body   text    not null
);
create index outbox_by_letter on outbox (digest, peer);

-- The last signed head of each peer's log that this node cosigned, verbatim.
create table witnessed (
    origin     text   collate "C" primary key,
    size       bigint not null,
    root       bytea  not null,
    checkpoint text   not null
);

-- Signed heads of this node's log with the cosignatures that peers gave, verbatim.
create table cosigned (
    size       bigint primary key,
    checkpoint text   not null
);

-- What verifies the authenticators of people; whose each is, and whether it counts, stands in the log.
create table authenticators (
    id       text collate "C" primary key,
    verifier text not null,
    used     text not null
);

-- Sessions, by H(token).
create table sessions (
    token   bytea primary key,
    session text  not null
);

-- Reads, a month (UTC) a partition. Beside a read stands what it is found by: the plate backwards,
-- its state, the place in ten-millionths of a degree, the cell of a grid that it is in, and the
-- vehicle's make, colour and body as they are compared.
create table reads (
    id     bytea  not null,
    at     bigint not null,
    plate  text   collate "C" not null,
    camera text   collate "C" not null,
    read   text   not null,
    -- Photographs, 32 bytes of digest each.
    images bytea,
    -- The read that tells the same sighting better.
    earlier_of bytea,
    -- The entry that brought it.
    entry  bigint not null,
    -- The entry that withdrew it. It is kept for who audits and found by nothing: what it would be found
    -- by is empty.
    withdrawn bigint,
    tail   text   collate "C" not null,
    state  text   collate "C",
    lat    integer,
    lon    integer,
    cell   integer,
    make   text   collate "C",
    color  text   collate "C",
    body   text   collate "C"
) partition by range (at);
create index reads_by_time on reads (at, id);
create index reads_by_plate on reads (plate, at);
create index reads_by_tail on reads (tail, at);
create index reads_by_cell on reads (cell, at) where cell is not null;
create index reads_by_camera on reads (camera, at);
create index reads_by_sighting on reads (earlier_of) where earlier_of is not null;
create index reads_by_make on reads (make, at) where make is not null;
-- Plates of which some characters were not read: no order of plates leads to what they may be.
create index reads_unread on reads (at, id) where strpos(plate, '?') > 0;

-- The ids of all reads: one index for all months, which no partition has. With the time, an id leads
-- to its month.
create table read_ids (
    id bytea  primary key,
    at bigint not null
);

-- Plates whose reads an entry released or showed: who saw a plate, whatever was typed. It goes with the
-- entry's record.
create table shown (
    entry    bigint not null,
    plate    text   not null,
    primary key (plate, entry)
);

-- What the body of an entry mentions, since it is packed: who acted (what is 1), for whom it was asked (2),
-- and the case (3, in small letters). A row goes with its entry's record.
create table mentions (
    what     bigint not null,
    word     text   collate "C" not null,
    entry    bigint not null,
    primary key (what, word, entry)
);

-- Earlier versions of reads that were corrected, or told better by their reader, by the entry of that.
create table read_versions (
    read    bytea  not null,
    version bigint not null,
    text    text   not null,
    entry   bigint not null,
    primary key (read, version)
);

-- Photographs that reads and kept answers refer to, with how many times; their bytes are kept
-- outside. One that is at zero is destroyed and then forgotten.
create table images (
    digest bytea  primary key,
    refs   bigint not null
);
create index images_unreferenced on images (digest) where refs = 0;

-- Values of 32 bytes that stand end to end.
create function each_of(packed bytea) returns setof bytea immutable strict language sql as $$
    select substr(packed, nth * 32 + 1, 32) from generate_series(0, length(packed) / 32 - 1) as nth
$$;

-- Makes the partition for reads of this day (days since 1970), if there is none. It is attached
-- empty, which keeps nobody from reading the others.
create function keep_month(day bigint) returns void language plpgsql as $$
declare
    start timestamp := date_trunc('month', timestamp '1970-01-01' + day * interval '1 day');
    name  text      := to_char(start, '"reads_"YYYY"_"MM');
begin
    if to_regclass(quote_ident(name)) is null then
        execute format('create table %I (like reads including defaults)', name);
        execute format('alter table reads attach partition %I for values from (%s) to (%s)', name,
            (extract(epoch from start) * 1000)::bigint,
            (extract(epoch from start + interval '1 month') * 1000)::bigint);
    end if;
end
$$;
