//! The times that earlier entries count by, once a clock is accepted.

use schemas::time::Timestamp;
use sqlx::{Database, Encode, QueryBuilder, Type};

use crate::decode::column;
use crate::{Restamped, Row, StoreError};

/// What a restamping does to the entries before `index`.
#[derive(Clone, Copy)]
pub(crate) struct Restamping {
    index: u64,
    /// The first stamp that it changes.
    from: Timestamp,
    to: To,
}

#[derive(Clone, Copy)]
enum To {
    /// They count as of this instant.
    At(Timestamp),
    /// They count as so much later, in milliseconds.
    Later(i64),
}

impl Restamping {
    /// What a group does to the entries before it, if it does.
    ///
    /// # Errors
    /// When an entry that does stands with others: what the others count as would depend on their order.
    pub(crate) fn of(group: &[Row]) -> Result<Option<Self>, StoreError> {
        let Some(row) = group.iter().find(|row| row.changes.restamped.is_some()) else {
            return Ok(None);
        };
        let [_] = group else {
            return Err(StoreError::Corrupt("an accepted clock beside other entries".into()));
        };
        Ok(Self::by(row))
    }

    fn by(row: &Row) -> Option<Self> {
        let Restamped { last, behind_since } = row.changes.restamped?;
        let (index, at) = (row.header.index, row.header.at);
        if at < last {
            return Some(Self { index, from: at.plus_millis(1), to: To::At(at) });
        }
        let by = at.millis().saturating_sub(last.millis());
        behind_since.map(|from| Self { index, from, to: To::Later(by) })
    }

    /// The statements that do it, in their order: what stands beside the entries and tells their time,
    /// kept pages, which end as much earlier or later as their entries are, and the entries themselves.
    /// `first_from` is the index of the first entry at or after an instant.
    pub(crate) fn statements<D>(
        self,
        first_from: impl Fn(&mut QueryBuilder<D>, Timestamp),
    ) -> Vec<QueryBuilder<D>>
    where
        D: Database,
        i64: for<'q> Encode<'q, D> + Type<D>,
    {
        let beside = [
            ("update served set at = ", " from entries where entries.idx = served.entry and "),
            ("update asked set sent_at = ", " from entries where entries.idx = asked.entry and "),
            ("update debts set at = ", " from entries where entries.idx = debts.entry and "),
            (
                "update pages set until = until - entries.at + ",
                " from entries where entries.idx = pages.entry and ",
            ),
            ("update entries set at = ", " where "),
        ];
        let statement = |(set, whose): (&'static str, &'static str)| {
            let mut query = QueryBuilder::new(set);
            self.time(&mut query);
            query.push(whose).push("entries.idx < ").push_bind(column(self.index));
            query.push(" and entries.idx >= ");
            first_from(&mut query, self.from);
            query
        };
        beside.into_iter().map(statement).collect()
    }

    fn time<D>(self, query: &mut QueryBuilder<D>)
    where
        D: Database,
        i64: for<'q> Encode<'q, D> + Type<D>,
    {
        match self.to {
            To::At(at) => query.push_bind(at.millis()),
            To::Later(by) => query.push("entries.at + ").push_bind(by),
        };
    }
}
