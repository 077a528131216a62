//! What screens read: each query names only the columns it needs and answers from an index.

mod agenda;
mod clients;
mod clinical;
mod photos;

pub use agenda::AgendaEntry;
pub use clients::{Standing, TimelineCursor, TimelineItem, TimelineKinds};
pub use clinical::{LotEntry, LotUseEntry, StaffName};
pub use photos::PhotoTotals;

use crate::table::select;
use crate::{StoreError, Tx};
use domain::row::ClinicProfile;

impl Tx<'_> {
    /// The clinic's own row; `None` before the first snapshot.
    pub fn clinic(&self) -> Result<Option<ClinicProfile>, StoreError> {
        Ok(select::<ClinicProfile>(self.connection, "", &[])?
            .into_iter()
            .next())
    }
}
