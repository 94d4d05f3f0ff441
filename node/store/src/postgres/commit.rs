//! One group of entries with their effects, in one statement.
//!
//! The function `append` takes the whole group, column by column, and spreads it over the tables: a
//! transaction of its own, asked for in one word and acknowledged in one. It compares the writer's
//! epoch and where the log ends before it writes anything.

use std::sync::LazyLock;

use schemas::outcome::OutcomeCode;
use schemas::read::Read;
use sqlx::{Connection as _, PgConnection};

use super::super::decode::column;
use super::super::packed::{Record, pack};
use super::super::restamp::Restamping;
use super::super::search::terms::Terms;
use super::super::{
    Corrected, NewDebt, Pages, Proved, Receipted, Row, Served, Settled, StoreError,
};

use super::log::first_from;

type Digest = [u8; 32];

/// The columns of a group: the parameters of `append`, by their names.
macro_rules! columns {
    ($($name:ident: $type:ty,)*) => {
        /// New rows of all tables, column by column.
        #[derive(Default)]
        struct Batch<'a> { $($name: Vec<$type>,)* }

        /// The call of `append`, the epoch and the head first.
        static APPEND: LazyLock<String> = LazyLock::new(|| {
            let mut parameters = String::from("of_epoch => $1, new_head => $2");
            for (nth, name) in (3..).zip([$(stringify!($name)),*]) {
                parameters.push_str(&format!(", {name} => ${nth}"));
            }
            format!("select append({parameters})")
        });

        impl Batch<'_> {
            async fn append(
                self,
                writer: &mut PgConnection,
                epoch: i64,
                head: &str,
            ) -> Result<(), StoreError> {
                let statement = sqlx::query(APPEND.as_str()).bind(epoch).bind(head);
                $(let statement = statement.bind(self.$name);)*
                statement.execute(writer).await?;
                Ok(())
            }
        }
    };
}

columns! {
    entry_idx: i64,
    entry_at: i64,
    entry_kind: &'static str,
    entry_peer: Option<&'a str>,
    entry_peer_seq: Option<i64>,
    entry_query: Option<Digest>,
    entry_header: Vec<u8>,
    entry_record: Vec<u8>,
    entry_nodes: Option<Vec<u8>>,
    change_idx: i64,
    change_text: &'a str,
    asked_entry: i64,
    asked_id: String,
    asked_owner: &'a str,
    asked_sent_at: i64,
    asked_signed_at: i64,
    asked_query: Digest,
    settled_query: Digest,
    settled_outcome: &'static str,
    settled_authority: Option<String>,
    settled_when: i64,
    settled_reply: Option<Digest>,
    settled_receipt: Option<Digest>,
    served_entry: i64,
    served_id: String,
    served_requester: &'a str,
    served_at: i64,
    served_asked_at: i64,
    served_query: Digest,
    served_outcome: &'static str,
    served_authority: Option<String>,
    served_reply: Digest,
    served_reads: Option<Vec<u8>>,
    served_latest: Option<i64>,
    served_kept: bool,
    receipted_query: Digest,
    receipted_when: i64,
    receipted_receipt: Digest,
    page_entry: i64,
    page_side: &'static str,
    page_until: i64,
    page_lengths: String,
    page_bytes: Vec<u8>,
    page_images: Option<Vec<u8>>,
    letter_peer: &'a str,
    letter_kind: i64,
    letter_digest: Digest,
    letter_topic: &'a str,
    letter_body: &'a str,
    read_id: Digest,
    read_at: i64,
    read_plate: &'a str,
    read_camera: &'a str,
    read_text: String,
    read_images: Option<Vec<u8>>,
    read_earlier_of: Option<Digest>,
    read_entry: i64,
    read_tail: String,
    read_state: Option<String>,
    read_lat: Option<i64>,
    read_lon: Option<i64>,
    read_cell: Option<i64>,
    read_make: Option<String>,
    read_color: Option<String>,
    read_body: Option<String>,
    version_id: Digest,
    version_number: i64,
    version_text: String,
    version_entry: i64,
    corrected_id: Digest,
    corrected_at: i64,
    corrected_plate: &'a str,
    corrected_withdrawn: Option<i64>,
    corrected_text: String,
    corrected_images: Option<Vec<u8>>,
    corrected_tail: String,
    corrected_state: Option<String>,
    corrected_lat: Option<i64>,
    corrected_lon: Option<i64>,
    corrected_cell: Option<i64>,
    corrected_make: Option<String>,
    corrected_color: Option<String>,
    corrected_body: Option<String>,
    purged: Digest,
    ended: i64,
    owed_entry: i64,
    owed_at: i64,
    owed_peer: &'a str,
    owed_query: String,
    owed_envelope: Digest,
    proved: i64,
    waived_entry: i64,
    waived_peer: &'a str,
    shown_entry: i64,
    shown_plate: &'a str,
    mention_what: i64,
    mention_word: &'a str,
    mention_entry: i64,
}

/// One group, with what it does to the times of entries before it.
pub(super) async fn commit(
    writer: &mut PgConnection,
    epoch: i64,
    group: &[Row],
    head: &str,
) -> Result<(), StoreError> {
    let Some(restamping) = Restamping::of(group)? else {
        return append(writer, epoch, group, head).await;
    };
    let mut together = writer.begin().await?;
    for mut statement in restamping.statements(first_from) {
        statement.build().execute(&mut *together).await?;
    }
    append(&mut together, epoch, group, head).await?;
    Ok(together.commit().await?)
}

async fn append(
    writer: &mut PgConnection,
    epoch: i64,
    group: &[Row],
    head: &str,
) -> Result<(), StoreError> {
    if group.is_empty() {
        return Ok(());
    }
    let mut batch = Batch::default();
    for row in group {
        batch.add(row)?;
    }
    batch.append(writer, epoch, head).await
}

/// Values of 32 bytes, end to end.
fn packed<'d>(digests: impl Iterator<Item = &'d Digest>) -> Option<Vec<u8>> {
    let packed: Vec<u8> = digests.flatten().copied().collect();
    (!packed.is_empty()).then_some(packed)
}

fn json(read: &Read) -> Result<String, StoreError> {
    serde_json::to_string(read).map_err(|e| StoreError::Corrupt(e.to_string()))
}

impl<'a> Batch<'a> {
    fn add(&mut self, row: &'a Row) -> Result<(), StoreError> {
        let header = &row.header;
        let (index, at) = (column(header.index), header.at.millis());
        self.entry_idx.push(index);
        self.entry_at.push(at);
        self.entry_kind.push(header.kind.code());
        self.entry_peer.push(header.peer.as_ref().map(|peer| peer.as_str()));
        self.entry_peer_seq.push(header.peer_seq.map(column));
        self.entry_query.push(header.query.map(|query| *query.as_bytes()));
        self.entry_header.push(pack(row.header_bytes.as_bytes())?);
        self.entry_record.push(Record::pack(&row.salt, &row.body, row.envelopes.as_deref())?);
        self.entry_nodes.push(packed(row.nodes.iter().map(|node| node.as_bytes())));
        for mention in &row.mentions {
            let (what, word) = mention.columns();
            self.mention_what.push(what);
            self.mention_word.push(word);
            self.mention_entry.push(index);
        }
        self.exchanges(row, index, at);
        self.debts(row, index, at);
        self.outgoing(row, index)?;
        self.reads(row, index)
    }

    fn exchanges(&mut self, row: &'a Row, index: i64, at: i64) {
        let effects = &row.changes;
        if let Some(asked) = &effects.asked {
            self.asked_entry.push(index);
            self.asked_id.push(asked.query_id.to_string());
            self.asked_owner.push(asked.owner.as_str());
            self.asked_sent_at.push(at);
            self.asked_signed_at.push(asked.asked_at.millis());
            self.asked_query.push(*asked.query.as_bytes());
        }
        if let Some(Settled { query_id, outcome, authority, reply, receipt }) = &effects.settled {
            self.settled_query.push(*query_id.digest().as_bytes());
            self.settled_outcome.push(outcome.code());
            self.settled_authority.push(authority.as_ref().map(ToString::to_string));
            self.settled_when.push(at);
            self.settled_reply.push(reply.map(|digest| *digest.as_bytes()));
            self.settled_receipt.push(receipt.map(|digest| *digest.as_bytes()));
        }
        if let Some(served) = &effects.served {
            self.served(served, index, at);
        }
        if let Some(Receipted { query_id, receipt, .. }) = &effects.receipted {
            self.receipted_query.push(*query_id.digest().as_bytes());
            self.receipted_when.push(at);
            self.receipted_receipt.push(*receipt.as_bytes());
        }
    }

    fn served(&mut self, served: &'a Served, index: i64, at: i64) {
        let released = served.released.as_ref();
        self.served_entry.push(index);
        self.served_id.push(served.query_id.to_string());
        self.served_requester.push(served.requester.as_str());
        self.served_at.push(at);
        self.served_asked_at.push(served.asked_at.millis());
        self.served_query.push(*served.query_digest.as_bytes());
        let outcome = if served.answered { OutcomeCode::Answered } else { OutcomeCode::Refused };
        self.served_outcome.push(outcome.code());
        self.served_authority.push(served.authority.as_ref().map(ToString::to_string));
        self.served_reply.push(*served.reply_digest.as_bytes());
        self.served_reads
            .push(released.and_then(|(_, reads)| packed(reads.iter().map(|id| id.as_bytes()))));
        self.served_latest.push(released.map(|(latest, _)| latest.millis()));
        self.served_kept.push(served.kept);
    }

    fn debts(&mut self, row: &'a Row, index: i64, at: i64) {
        let effects = &row.changes;
        if let Some(NewDebt { peer, query_id, envelope }) = &effects.owed {
            self.owed_entry.push(index);
            self.owed_at.push(at);
            self.owed_peer.push(peer.as_str());
            self.owed_query.push(query_id.to_string());
            self.owed_envelope.push(*envelope.as_bytes());
        }
        if let Some(Proved { debts, .. }) = &effects.proved {
            self.proved.extend(debts.iter().copied().map(column));
        }
        if let Some(peer) = &effects.waived {
            self.waived_entry.push(index);
            self.waived_peer.push(peer.as_str());
        }
    }

    fn outgoing(&mut self, row: &'a Row, index: i64) -> Result<(), StoreError> {
        let effects = &row.changes;
        if let Some(change) = &effects.change {
            self.change_idx.push(index);
            self.change_text.push(change);
        }
        if let Some(Pages { side, until, pages, images, .. }) = &effects.pages {
            let lengths: Vec<String> = pages.iter().map(|page| page.len().to_string()).collect();
            self.page_entry.push(index);
            self.page_side.push(side.code());
            self.page_until.push(until.millis());
            self.page_lengths.push(format!("{{{}}}", lengths.join(",")));
            self.page_bytes.push(pack(&pages.concat())?);
            self.page_images.push(packed(images.iter().map(|image| image.as_bytes())));
        }
        for letter in &effects.outbox {
            self.letter_peer.push(letter.peer.as_str());
            self.letter_kind.push(i64::from(letter.kind as u8));
            self.letter_digest.push(*letter.digest().as_bytes());
            self.letter_topic.push(letter.topic());
            self.letter_body.push(&letter.body);
        }
        for plate in &effects.shown {
            self.shown_entry.push(index);
            self.shown_plate.push(plate.as_str());
        }
        self.ended.extend(effects.ended.iter().copied().map(column));
        Ok(())
    }

    fn reads(&mut self, row: &'a Row, index: i64) -> Result<(), StoreError> {
        let effects = &row.changes;
        for read in &effects.reads {
            let terms = Terms::of(read);
            self.read_id.push(*read.id.as_bytes());
            self.read_at.push(read.at.millis());
            self.read_plate.push(read.plate.as_str());
            self.read_camera.push(read.camera.as_str());
            self.read_text.push(json(read)?);
            self.read_images.push(packed(read.images.iter().map(|image| image.digest.as_bytes())));
            self.read_earlier_of.push(read.earlier_of.map(|of| *of.as_bytes()));
            self.read_entry.push(index);
            self.read_tail.push(terms.tail);
            self.read_state.push(terms.state);
            self.read_lat.push(terms.lat);
            self.read_lon.push(terms.lon);
            self.read_cell.push(terms.cell);
            self.read_make.push(terms.make);
            self.read_color.push(terms.color);
            self.read_body.push(terms.body);
        }
        for corrected in &effects.corrected {
            let Corrected { read, was, withdrawn } = corrected;
            for (version, earlier) in was {
                self.version_id.push(*read.id.as_bytes());
                self.version_number.push(i64::from(*version));
                self.version_text.push(json(earlier)?);
                self.version_entry.push(index);
            }
            let (plate, terms) = corrected.found_by();
            self.corrected_id.push(*read.id.as_bytes());
            self.corrected_at.push(read.at.millis());
            self.corrected_plate.push(plate);
            self.corrected_withdrawn.push(withdrawn.then_some(index));
            self.corrected_text.push(json(read)?);
            self.corrected_images
                .push(packed(read.images.iter().map(|image| image.digest.as_bytes())));
            self.corrected_tail.push(terms.tail);
            self.corrected_state.push(terms.state);
            self.corrected_lat.push(terms.lat);
            self.corrected_lon.push(terms.lon);
            self.corrected_cell.push(terms.cell);
            self.corrected_make.push(terms.make);
            self.corrected_color.push(terms.color);
            self.corrected_body.push(terms.body);
        }
        self.purged.extend(effects.purged.iter().map(|id| *id.as_bytes()));
        Ok(())
    }
}
