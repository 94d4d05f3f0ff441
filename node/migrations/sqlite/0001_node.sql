-- The audit log. A row is never changed and never deleted; bodies and envelopes may one day be
-- set to null at the end of their retention.
create table entries (
    idx       integer primary key,
    at        integer not null,
    kind      text    not null,
    peer      text,
    peer_seq  integer,
    query     blob,
    header    text    not null,
    salt      blob,
    body      text,
    envelope  text
) strict;
create unique index entries_by_peer on entries (peer, peer_seq) where peer is not null;
create index entries_by_query on entries (query) where query is not null;
create index entries_by_time on entries (at);

-- Every act that changes who may see what, in the order of the log: the registry is their fold.
create table changes (
    idx     integer primary key references entries (idx),
    change  text not null
) strict;

-- Queries that left this node; the envelope stands beside the entry.
create table asked (
    query_id   text primary key,
    owner      text    not null,
    sent_at    integer not null,
    entry      integer not null references entries (idx),
    outcome    text,
    authority  text,
    settled_at integer
) strict, without rowid;
create index asked_open on asked (sent_at) where outcome is null;

-- Queries of peers that this node answered or refused, by id: none is served twice. Beside the
-- entry stand the envelopes of the query and of the reply.
create table served (
    query_id     text primary key,
    requester    text    not null,
    query_digest text    not null,
    at           integer not null,
    outcome      text    not null,
    authority    text,
    entry        integer not null references entries (idx),
    receipted_at integer
) strict, without rowid;
create index served_by_authority on served (authority, at) where authority is not null;
create index served_open on served (requester) where outcome = 'answered' and receipted_at is null;

-- Pages of answers: the owner's for redelivery, the requester's for the retention of answers.
-- side is 'served' or 'asked'.
create table pages (
    side     text    not null,
    query_id text    not null,
    n        integer not null,
    until    integer not null,
    bytes    blob    not null,
    primary key (side, query_id, n)
) strict, without rowid;
create index pages_by_end on pages (until);

-- What must still reach a peer. Only a durable append fills it.
create table outbox (
    id       integer primary key autoincrement,
    peer     text    not null,
    kind     integer not null,
    digest   text    not null,
    body     text    not null
) strict;
create index outbox_by_peer on outbox (peer, id);
create index outbox_by_letter on outbox (digest, peer);

create table reads (
    row     integer primary key,
    id      blob    not null unique,
    plate   text    not null,
    at      integer not null,
    camera  text    not null,
    read    text    not null
) strict;
create index reads_by_plate on reads (plate, at);
