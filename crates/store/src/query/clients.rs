//! Clients: pages by name, the pieces of a profile, the timeline.

use crate::column::Column as _;
use crate::search::{ClientHit, HIT, read_hit};
use crate::table::{column, select};
use crate::{StoreError, Tx};
use domain::id::{
    AppointmentId, ClientId, ConsentId, EncounterId, PaymentId, PhotoId, StaffId, TimelineId,
    TreatmentId,
};
use domain::row::{
    Alert, AppointmentStatus, ClientKeyGrant, Consent, ConsentPurpose, PaymentMethod,
};
use domain::time::{ClinicZone, Day, Timestamp};
use rusqlite::{OptionalExtension as _, params};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a client has paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Payments less refunds, in cents.
    pub paid_cents: i64,
}

/// Where a page of the timeline ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimelineCursor {
    /// Entries strictly before this instant…
    pub at: Timestamp,
    /// …or at it with a smaller id.
    pub id: TimelineId,
}

/// Something that happened to a client.
#[derive(Clone, PartialEq, Debug)]
pub enum TimelineItem {
    /// An appointment.
    Visit {
        /// Which.
        id: AppointmentId,
        /// Treatment.
        treatment: TreatmentId,
        /// Professional.
        staff: StaffId,
        /// Day.
        day: Day,
        /// First minute.
        start_minute: i32,
        /// Where it stands.
        status: AppointmentStatus,
    },
    /// A signed record.
    Record {
        /// Which.
        id: EncounterId,
        /// Treatment.
        treatment: TreatmentId,
        /// Professional.
        staff: StaffId,
        /// Areas.
        areas: Vec<String>,
        /// Whether it adds to another.
        addendum: bool,
    },
    /// Photos taken on one day and imported on one day.
    Photos {
        /// Which, newest first.
        photos: Vec<PhotoId>,
    },
    /// A consent.
    Consent {
        /// Which.
        id: ConsentId,
        /// What for.
        purpose: ConsentPurpose,
        /// Whether it was revoked.
        revoked: bool,
    },
    /// A payment or refund.
    Payment {
        /// Which.
        id: PaymentId,
        /// Cents.
        cents: i64,
        /// How.
        method: PaymentMethod,
        /// Instalments.
        instalments: i32,
    },
}

/// What a timeline may contain for whoever asks.
#[derive(Clone, Copy, Debug)]
pub struct TimelineKinds {
    /// Signed records.
    pub records: bool,
    /// Photos.
    pub photos: bool,
    /// Payments.
    pub finance: bool,
}

impl Tx<'_> {
    /// One client as a list shows them.
    pub fn client_hit(&self, id: ClientId) -> Result<Option<ClientHit>, StoreError> {
        let sql = format!("SELECT {HIT} FROM client c WHERE c.id = ?1");
        Ok(self
            .connection
            .prepare_cached(&sql)?
            .query_row([id.to_column()], read_hit)
            .optional()?)
    }

    /// A page of clients by name after the one whose key is given, with the key of the page's last.
    pub fn clients_page(
        &self,
        after: Option<(&str, ClientId)>,
        limit: usize,
    ) -> Result<Vec<(String, ClientHit)>, StoreError> {
        let sql = format!(
            "SELECT {HIT}, c.folded FROM client c WHERE (c.folded, c.id) > (?1, ?2) ORDER BY c.folded, c.id LIMIT ?3"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let (folded, id) = after.map_or(("", Uuid::nil()), |(folded, id)| (folded, id.0));
        let page = statement.query_map(params![folded, id.to_column(), limit as i64], |row| {
            Ok((row.get::<_, String>(7)?, read_hit(row)?))
        })?;
        Ok(page.collect::<rusqlite::Result<Vec<_>>>()?)
    }

    /// How many clients there are, from the bucket's own count of rows by kind.
    pub fn client_count(&self) -> Result<u32, StoreError> {
        // A covering scan of the small CPF index would miss clients without one; the name index has them all.
        Ok(self
            .connection
            .prepare_cached("SELECT count(*) FROM client")?
            .query_row([], |row| row.get(0))?)
    }

    /// Alerts that apply now.
    pub fn alerts_of(&self, client: ClientId) -> Result<Vec<Alert>, StoreError> {
        Ok(select::<Alert>(
            self.connection,
            "WHERE client = ?1 AND ended_at IS NULL",
            &[&client.to_column()],
        )?)
    }

    /// Consents, newest first.
    pub fn consents_of(&self, client: ClientId) -> Result<Vec<Consent>, StoreError> {
        Ok(select::<Consent>(
            self.connection,
            "WHERE client = ?1 ORDER BY signed_at DESC",
            &[&client.to_column()],
        )?)
    }

    /// Content keys, oldest first.
    pub fn client_keys_of(&self, client: ClientId) -> Result<Vec<ClientKeyGrant>, StoreError> {
        Ok(select::<ClientKeyGrant>(
            self.connection,
            "WHERE client = ?1 ORDER BY made_at, id",
            &[&client.to_column()],
        )?)
    }

    /// Payments less refunds.
    pub fn standing_of(&self, client: ClientId) -> Result<Standing, StoreError> {
        let sql = "SELECT coalesce(sum(amount), 0) FROM payment WHERE client = ?1";
        let paid_cents = self
            .connection
            .prepare_cached(sql)?
            .query_row([client.to_column()], |row| row.get(0))?;
        Ok(Standing { paid_cents })
    }

    /// A page of what happened, newest first. Appointments stand at their booked time in the clinic's zone; photos of one
    /// day that came in on one day are one entry, at the newest of them, so that a page never ends within them.
    pub fn timeline(
        &self,
        client: ClientId,
        before: Option<TimelineCursor>,
        kinds: TimelineKinds,
        limit: usize,
        zone: &ClinicZone,
    ) -> Result<Vec<(TimelineCursor, TimelineItem)>, StoreError> {
        let mut items = self.visits(client, zone)?;
        items.extend(self.consent_items(client)?);
        if kinds.records {
            items.extend(self.record_items(client)?);
        }
        if kinds.photos {
            items.extend(self.photo_items(client, zone)?);
        }
        if kinds.finance {
            items.extend(self.payment_items(client)?);
        }
        items.sort_by_key(|(cursor, _)| std::cmp::Reverse((cursor.at, cursor.id)));
        let fits = |cursor: &TimelineCursor| {
            before.is_none_or(|end| (cursor.at, cursor.id) < (end.at, end.id))
        };
        Ok(items
            .into_iter()
            .filter(|(cursor, _)| fits(cursor))
            .take(limit)
            .collect())
    }

    fn visits(
        &self,
        client: ClientId,
        zone: &ClinicZone,
    ) -> Result<Vec<(TimelineCursor, TimelineItem)>, StoreError> {
        let sql = "SELECT id, treatment, staff, day, start_minute, status FROM appointment WHERE client = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let items = statement.query_map([client.to_column()], |row| {
            let (id, day, start_minute): (AppointmentId, Day, i32) =
                (column(row, 0)?, column(row, 3)?, column(row, 4)?);
            let item = TimelineItem::Visit {
                id,
                treatment: column(row, 1)?,
                staff: column(row, 2)?,
                day,
                start_minute,
                status: column(row, 5)?,
            };
            Ok((
                TimelineCursor {
                    at: zone.at(day, start_minute),
                    id: TimelineId(id.0),
                },
                item,
            ))
        })?;
        Ok(items.collect::<rusqlite::Result<Vec<_>>>()?)
    }

    fn record_items(
        &self,
        client: ClientId,
    ) -> Result<Vec<(TimelineCursor, TimelineItem)>, StoreError> {
        let sql = "SELECT id, treatment, practitioner, areas, at, addendum_to IS NOT NULL FROM encounter WHERE client = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let items = statement.query_map([client.to_column()], |row| {
            let id: EncounterId = column(row, 0)?;
            let item = TimelineItem::Record {
                id,
                treatment: column(row, 1)?,
                staff: column(row, 2)?,
                areas: column(row, 3)?,
                addendum: column(row, 5)?,
            };
            Ok((
                TimelineCursor {
                    at: column(row, 4)?,
                    id: TimelineId(id.0),
                },
                item,
            ))
        })?;
        Ok(items.collect::<rusqlite::Result<Vec<_>>>()?)
    }

    fn photo_items(
        &self,
        client: ClientId,
        zone: &ClinicZone,
    ) -> Result<Vec<(TimelineCursor, TimelineItem)>, StoreError> {
        let sql = "SELECT id, taken_at, imported_at FROM photo WHERE client = ?1 AND withdrawn_at IS NULL \
             ORDER BY taken_at DESC, id DESC";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([client.to_column()])?;
        let mut groups: BTreeMap<(Day, Day), (TimelineCursor, Vec<PhotoId>)> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let (id, taken, imported): (PhotoId, Timestamp, Timestamp) =
                (column(row, 0)?, column(row, 1)?, column(row, 2)?);
            let newest = TimelineCursor {
                at: taken,
                id: TimelineId(id.0),
            };
            let group = groups
                .entry((zone.day(taken), zone.day(imported)))
                .or_insert((newest, Vec::new()));
            group.1.push(id);
        }
        let items = groups
            .into_values()
            .map(|(cursor, photos)| (cursor, TimelineItem::Photos { photos }));
        Ok(items.collect())
    }

    fn consent_items(
        &self,
        client: ClientId,
    ) -> Result<Vec<(TimelineCursor, TimelineItem)>, StoreError> {
        let items = self.consents_of(client)?.into_iter().map(|consent| {
            let item = TimelineItem::Consent {
                id: consent.id,
                purpose: consent.purpose,
                revoked: !consent.holds(),
            };
            (
                TimelineCursor {
                    at: consent.signed_at,
                    id: TimelineId(consent.id.0),
                },
                item,
            )
        });
        Ok(items.collect())
    }

    fn payment_items(
        &self,
        client: ClientId,
    ) -> Result<Vec<(TimelineCursor, TimelineItem)>, StoreError> {
        let sql = "SELECT id, amount, method, instalments, at FROM payment WHERE client = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let items = statement.query_map([client.to_column()], |row| {
            let id: PaymentId = column(row, 0)?;
            let item = TimelineItem::Payment {
                id,
                cents: row.get(1)?,
                method: column(row, 2)?,
                instalments: column(row, 3)?,
            };
            Ok((
                TimelineCursor {
                    at: column(row, 4)?,
                    id: TimelineId(id.0),
                },
                item,
            ))
        })?;
        Ok(items.collect::<rusqlite::Result<Vec<_>>>()?)
    }
}
