//! The tables that are moved, as both databases tell them alike.

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Text,
    Bytes,
}

/// A column: its name at the target, and how each side tells it.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// An expression of SQLite.
    pub(super) source: &'static str,
    /// An expression of PostgreSQL.
    pub(super) target: &'static str,
}

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The table at the source.
    pub(super) from: &'static str,
    /// The first one finds a row at the target.
    pub(super) columns: &'static [Column],
    /// What numbers the rows at the source: an expression that is another one for each.
    pub(super) number: &'static str,
    /// Rows that are taken at once: fewer where they are long.
    pub(super) at_once: i64,
}

macro_rules! column {
    ($kind:ident $name:ident) => {
        Column {
            name: stringify!($name),
            kind: Kind::$kind,
            source: stringify!($name),
            target: stringify!($name),
        }
    };
    ($kind:ident $name:ident = $source:literal) => {
        Column {
            name: stringify!($name),
            kind: Kind::$kind,
            source: $source,
            target: concat!(stringify!($name), "::", column!(@type $kind)),
        }
    };
    (@type Int) => { "bigint" };
    (@type Text) => { "text" };
    (@type Bytes) => { "bytea" };
}

macro_rules! tables {
    (@number) => { "rowid" };
    (@number $number:literal) => { $number };
    ($($name:ident from $from:ident $(by $number:literal)?, $at_once:literal at once:
        { $($kind:ident $column:ident $(= $source:literal)?,)* })*) => {
        /// All tables, those that others belong to first.
        pub(super) static TABLES: &[Table] = &[$(Table {
            name: stringify!($name),
            from: stringify!($from),
            number: tables!(@number $($number)?),
            columns: &[$(column!($kind $column $(= $source)?),)*],
            at_once: $at_once,
        },)*];
    };
}

tables! {
    entries from entries, 1_000 at once: {
        Int idx, Int at, Text kind, Text peer, Int peer_seq, Bytes query, Bytes header, Bytes record,
        Bytes nodes,
    }
    changes from changes, 1_000 at once: { Int idx, Text change, }
    asked from asked, 5_000 at once: {
        Int entry, Text query_id, Text owner, Int sent_at, Int asked_at, Bytes query, Text outcome,
        Text authority, Int settled_at, Bytes reply, Bytes receipt,
    }
    served from served, 1_000 at once: {
        Int entry, Text query_id, Text requester, Int at, Int asked_at, Bytes query, Text outcome,
        Text authority, Bytes reply, Bytes receipt, Int receipted_at,
        Bytes reads, Int latest,
    }
    turned_away from turned_away, 5_000 at once: {
        Int entry, Text query_id, Text requester, Int asked_at, Bytes query, Bytes reply,
    }
    pages from pages, 20 at once: {
        Int entry, Text side, Int until,
        Text lengths = "'{' || substr(lengths, 2, length(lengths) - 2) || '}'",
        Bytes bytes,
        Bytes images = "unhex((select group_concat(value, '') from json_each(pages.images)))",
    }
    shown from shown, 10_000 at once: { Int entry, Text plate, }
    // An entry mentions one thing of a kind.
    mentions from mentions by "entry * 4 + what", 50_000 at once: { Int entry, Int what, Text word, }
    debts from debts, 5_000 at once: {
        Int entry, Int at, Text peer, Text query_id, Bytes envelope, Int waited, Int waived,
    }
    head from head, 1 at once: { Int one = "one", Text signed, }
    outbox from outbox, 500 at once: {
        Int id, Text peer, Int kind = "kind", Bytes digest = "unhex(digest)", Text topic,
        Text body,
    }
    witnessed from witnessed, 1_000 at once: {
        Text origin, Int size, Bytes root = "unhex(root)", Text checkpoint,
    }
    cosigned from cosigned, 1_000 at once: { Int size, Text checkpoint, }
    authenticators from authenticators, 1_000 at once: { Text id, Text verifier, Text used, }
    sessions from sessions, 1_000 at once: { Bytes token, Text session, }
    read_ids from reads, 10_000 at once: { Bytes id, Int at, }
    reads from reads, 5_000 at once: {
        Bytes id, Int at, Text plate, Text camera, Text read,
        Bytes images = "case when json_type(read, '$.images') is not null then unhex((select group_concat(value->>'$.digest', '') from json_each(reads.read, '$.images'))) end",
        Bytes earlier_of, Int entry, Int withdrawn,
        Text tail, Text state, Int lat = "lat", Int lon = "lon", Int cell = "cell", Text make,
        Text color, Text body,
    }
    read_versions from read_versions, 1_000 at once: {
        Bytes read, Int version, Text text, Int entry,
    }
    images from images, 10_000 at once: { Bytes digest, Int refs, }
}

impl Table {
    /// The names of the columns at the target.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        names.join(", ")
    }

    /// The first column, by which a row is found.
    pub(super) fn key(&self) -> Option<&'static Column> {
        self.columns.first()
    }
}
