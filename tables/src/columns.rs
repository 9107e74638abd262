//! Typed columns: plain vectors that a shard appends to and Arrow takes over without a copy.
//!
//! Every table has a row of plain values and a struct of columns. Absent values stand in the
//! vectors as a sentinel, so that consumers inside the run read them without a bitmap: a key of
//! [`Key::ABSENT`], a real number that is NaN, a time of [`ABSENT_TIME`]. They become Arrow nulls
//! in columns whose schema allows nulls.

pub mod actions;
pub mod findings;
pub mod hydraulics;
pub mod messages;
pub mod rejections;
pub mod residuals;
pub mod rule_matches;
pub mod scores;
pub mod shadows;
pub mod soil;
mod store;
pub mod telemetry;
pub mod truth;
pub mod uplinks;

pub use store::{ABSENT_TIME, Cell, Text};

#[cfg(doc)]
use crate::dictionary::Key;

/// What all column structs have in common.
pub trait Columns {
    /// The table.
    const TABLE: crate::schema::Table;

    /// How many rows there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands the rows to Arrow and leaves empty columns with the same capacity.
    ///
    /// # Errors
    /// [`TablesError::Batch`](crate::error::TablesError::Batch) if a key is not in its dictionary
    /// or a column that allows no nulls has an absent value.
    fn take(
        &mut self,
        dictionaries: &mut crate::dictionary::Dictionaries,
    ) -> Result<arrow::array::RecordBatch, crate::error::TablesError>;
}

/// Declares a row and its columns. Each line is `name: value type => vector type [in dictionary]`,
/// in the order of the schema.
macro_rules! columns {
    (
        $(#[$row_doc:meta])* $row:ident $(<$life:lifetime>)?,
        $(#[$columns_doc:meta])* $columns:ident of $table:ident;
        $($(#[$doc:meta])* $name:ident: $value:ty => $store:ty $(, in $dictionary:ident)?;)+
    ) => {
        $(#[$row_doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $row $(<$life>)? {
            $($(#[$doc])* pub $name: $value,)+
        }

        $(#[$columns_doc])*
        #[derive(Clone, Debug, Default)]
        pub struct $columns {
            $($(#[$doc])* pub $name: $store,)+
        }

        impl $columns {
            /// Appends a row.
            pub fn push $(<$life>)? (&mut self, row: &$row $(<$life>)?) {
                $($crate::columns::Cell::append(row.$name, &mut self.$name);)+
            }
        }

        impl $crate::columns::Columns for $columns {
            const TABLE: $crate::schema::Table = $crate::schema::Table::$table;

            fn len(&self) -> usize {
                // The first column speaks for all: `push` appends to each.
                $crate::columns::columns!(@first self $($name)+).len()
            }

            fn take(
                &mut self,
                dictionaries: &mut $crate::dictionary::Dictionaries,
            ) -> Result<arrow::array::RecordBatch, $crate::error::TablesError> {
                let _ = &dictionaries;
                let mut batch = $crate::columns::store::BatchBuilder::new(Self::TABLE);
                $(batch.column(
                    &mut self.$name,
                    $crate::columns::columns!(@words dictionaries $($dictionary)?),
                );)+
                batch.finish()
            }
        }
    };
    (@first $self:ident $first:ident $($rest:ident)*) => { $self.$first };
    (@words $dictionaries:ident) => { None };
    (@words $dictionaries:ident $dictionary:ident) => { Some($dictionaries.$dictionary.words()) };
}
pub(crate) use columns;

#[cfg(test)]
mod tests;
