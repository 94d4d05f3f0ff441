//! Which column says what.

use serde::Deserialize;

use super::column::{self, Column, ColumnValue, MappedLayout};
use super::error::MappingError;

/// Which column says what.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Columns {
    pub(crate) plate: ColumnValue,
    pub(crate) at: ColumnValue,
    pub(crate) id: ColumnValue,
    pub(crate) camera: ColumnValue,
    pub(crate) state: ColumnValue,
    pub(crate) latitude: ColumnValue,
    pub(crate) longitude: ColumnValue,
    pub(crate) place: ColumnValue,
    pub(crate) direction: ColumnValue,
    pub(crate) confidence: ColumnValue,
    pub(crate) make: ColumnValue,
    pub(crate) model: ColumnValue,
    pub(crate) color: ColumnValue,
    pub(crate) body: ColumnValue,
    pub(crate) year: ColumnValue,
    pub(crate) photograph: ColumnValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    plate: column::Written,
    at: column::Written,
    id: Option<column::Written>,
    camera: Option<column::Written>,
    state: Option<column::Written>,
    latitude: Option<column::Written>,
    longitude: Option<column::Written>,
    place: Option<column::Written>,
    direction: Option<column::Written>,
    pub(super) confidence: Option<column::Written>,
    make: Option<column::Written>,
    model: Option<column::Written>,
    color: Option<column::Written>,
    body: Option<column::Written>,
    year: Option<column::Written>,
    photograph: Option<column::Written>,
}

impl Written {
    pub(super) fn checked(self, layout: MappedLayout) -> Result<Columns, MappingError> {
        let some = |written: Option<column::Written>| match written {
            Some(written) => written.checked(layout),
            None => Ok(ColumnValue::default()),
        };
        Ok(Columns {
            plate: self.plate.checked(layout)?,
            at: self.at.checked(layout)?,
            id: some(self.id)?,
            camera: some(self.camera)?,
            state: some(self.state)?,
            latitude: some(self.latitude)?,
            longitude: some(self.longitude)?,
            place: some(self.place)?,
            direction: some(self.direction)?,
            confidence: some(self.confidence)?,
            make: some(self.make)?,
            model: some(self.model)?,
            color: some(self.color)?,
            body: some(self.body)?,
            year: some(self.year)?,
            photograph: some(self.photograph)?,
        })
    }
}

impl Columns {
    /// One column that is both coordinates holds them both.
    pub(super) fn with_one_place(mut self) -> Self {
        if !self.latitude.is_empty() && self.latitude == self.longitude {
            self.place = std::mem::take(&mut self.latitude);
            self.longitude = ColumnValue::default();
        }
        self
    }

    /// All that are named.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Column> {
        let of = [
            &self.plate,
            &self.at,
            &self.id,
            &self.camera,
            &self.state,
            &self.latitude,
            &self.longitude,
            &self.place,
            &self.direction,
            &self.confidence,
            &self.make,
            &self.model,
            &self.color,
            &self.body,
            &self.year,
            &self.photograph,
        ];
        of.into_iter().flat_map(ColumnValue::columns)
    }
}
