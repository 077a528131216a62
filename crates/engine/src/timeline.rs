//! Everything that happened to a client, newest first, page by page.

use crate::console::Console;
use crate::core::Engine;
use crate::error::AppError;
use crate::profile::photo_cards;
use crate::reading::{iso, millis, read};
use crate::session::Session;
use crate::view::clients::{TimelineEntry, TimelineKind, TimelinePage};
use crate::view::photos::PhotoCard;
use domain::id::{ClientId, StaffId, TreatmentId};
use domain::row::{Client, PaymentMethod};
use domain::time::{ClinicZone, Timestamp};
use std::collections::{BTreeMap, HashMap};
use store::StoreError;
use store::query::{StaffName, TimelineCursor, TimelineItem};

/// Entries of one page.
const PAGE: usize = 40;

impl Engine {
    /// A page of everything that happened to a client, newest first, as far as this person and this console may see it;
    /// `before` is the key that the page before ended with.
    ///
    /// # Errors
    /// When the console is locked, there is no such client, or the key is not one.
    pub fn client_timeline(
        &self,
        id: String,
        before: Option<String>,
    ) -> Result<TimelinePage, AppError> {
        let id: ClientId = read("id", &id)?;
        let before = before.as_deref().map(read_cursor).transpose()?;
        self.answer(domain::role::Permission::ViewClients, |console, session| {
            console.timeline(id, before, session)
        })
    }
}

/// What the entries of a page refer to, each fetched once.
struct Names {
    treatments: BTreeMap<TreatmentId, String>,
    staff: BTreeMap<StaffId, StaffName>,
    photos: HashMap<String, PhotoCard>,
}

impl Console {
    fn timeline(
        &self,
        client: ClientId,
        before: Option<TimelineCursor>,
        session: &Session,
    ) -> Result<TimelinePage, AppError> {
        let clinic = self.the_clinic()?;
        let kinds = self.sees(session);
        let read = self.read("client_timeline", |tx| {
            if tx.get::<Client>(client)?.is_none() {
                return Ok(None);
            }
            // One more than the page holds tells whether another page follows.
            let items = tx.timeline(client, before, kinds, PAGE + 1, &clinic.zone)?;
            let with_photos = items
                .iter()
                .any(|(_, item)| matches!(item, TimelineItem::Photos { .. }));
            let photos = if with_photos {
                photo_cards(tx, client)?
            } else {
                Vec::new()
            };
            let names = Names {
                treatments: tx.treatment_names()?,
                staff: tx.staff_names()?,
                photos: photos
                    .into_iter()
                    .map(|photo| (photo.id.clone(), photo))
                    .collect(),
            };
            Ok::<_, StoreError>(Some((items, names)))
        })?;
        let (mut items, mut names) = read.ok_or_else(|| AppError::not_found("client"))?;
        let more = items.len() > PAGE;
        items.truncate(PAGE);
        let next = items
            .last()
            .filter(|_| more)
            .map(|(cursor, _)| cursor_text(*cursor));
        Ok(TimelinePage {
            entries: items
                .into_iter()
                .map(|(cursor, item)| entry(cursor, item, &mut names, &clinic.zone))
                .collect(),
            next,
        })
    }
}

impl Names {
    fn treatment(&self, id: TreatmentId) -> String {
        self.treatments.get(&id).cloned().unwrap_or_default()
    }

    fn staff(&self, id: StaffId) -> String {
        self.staff
            .get(&id)
            .map(|staff| staff.name.clone())
            .unwrap_or_default()
    }
}

fn entry(
    cursor: TimelineCursor,
    item: TimelineItem,
    names: &mut Names,
    zone: &ClinicZone,
) -> TimelineEntry {
    let mut on = zone.day(cursor.at);
    let what = match item {
        TimelineItem::Visit {
            treatment,
            staff,
            day,
            start_minute,
            status,
            ..
        } => {
            on = day;
            TimelineKind::Visit {
                treatment: names.treatment(treatment),
                staff: names.staff(staff),
                start_minute,
                status,
            }
        }
        TimelineItem::Record {
            treatment,
            staff,
            areas,
            addendum,
            ..
        } => TimelineKind::Record {
            treatment: names.treatment(treatment),
            staff: names.staff(staff),
            areas,
            addendum,
        },
        TimelineItem::Photos { photos } => TimelineKind::Photos {
            photos: photos
                .iter()
                .filter_map(|id| names.photos.remove(&id.to_string()))
                .collect(),
        },
        TimelineItem::Consent {
            purpose, revoked, ..
        } => TimelineKind::Consent { purpose, revoked },
        TimelineItem::Payment {
            cents,
            method,
            instalments,
            ..
        } => TimelineKind::Payment {
            amount_cents: cents as f64,
            method: method_name(method).to_owned(),
            instalments,
        },
    };
    TimelineEntry {
        id: cursor.id.to_string(),
        at: millis(cursor.at),
        day: iso(on),
        what,
    }
}

fn method_name(method: PaymentMethod) -> &'static str {
    match method {
        PaymentMethod::Pix => "pix",
        PaymentMethod::Credit => "credit",
        PaymentMethod::Debit => "debit",
        PaymentMethod::Cash => "cash",
    }
}

fn cursor_text(cursor: TimelineCursor) -> String {
    format!("{} {}", cursor.at.0, cursor.id)
}

fn read_cursor(text: &str) -> Result<TimelineCursor, AppError> {
    let (at, id) = text
        .split_once(' ')
        .ok_or_else(|| AppError::invalid("before"))?;
    Ok(TimelineCursor {
        at: Timestamp(read("before", at)?),
        id: read("before", id)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_cursor_leads_back_to_where_it_came_from() {
        let cursor = TimelineCursor {
            at: Timestamp(-5),
            id: domain::id::TimelineId(Uuid::from_u128(3)),
        };
        assert_eq!(read_cursor(&cursor_text(cursor)).unwrap(), cursor);
        assert!(read_cursor("5").is_err() && read_cursor("x y").is_err());
    }

    #[test]
    fn methods_are_named_as_they_are_serialised() {
        for method in [
            PaymentMethod::Pix,
            PaymentMethod::Credit,
            PaymentMethod::Debit,
            PaymentMethod::Cash,
        ] {
            assert_eq!(serde_json::to_value(method).unwrap(), method_name(method));
        }
    }
}
