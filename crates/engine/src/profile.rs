//! A client at one glance, assembled in one snapshot of the database and kept in the cache.

use crate::agenda::card;
use crate::cache::Scope;
use crate::caches::Sight;
use crate::clients::{hit_view, masked_email};
use crate::console::Console;
use crate::core::Engine;
use crate::error::AppError;
use crate::reading::{iso, millis, read};
use crate::session::Session;
use crate::view::clients::{AlertView, ClientProfile, ConsentView};
use crate::view::photos::PhotoCard;
use domain::bucket::Bucket;
use domain::codec;
use domain::id::ClientId;
use domain::role::{Permission, allows};
use domain::row::{Alert, Client, Consent};
use domain::time::Day;
use std::sync::Arc;
use store::query::{AgendaEntry, TimelineKinds};
use store::{StoreError, Tx};

impl Engine {
    /// A client at one glance, as far as this person and this console may see them.
    ///
    /// # Errors
    /// When the console is locked or there is no such client.
    pub fn client_profile(&self, id: String) -> Result<ClientProfile, AppError> {
        let id: ClientId = read("id", &id)?;
        self.answer(Permission::ViewClients, |console, session| {
            console
                .profile(id, session)
                .map(|profile| (*profile).clone())
        })
    }
}

/// What is read for a profile.
struct Loaded {
    client: Client,
    alerts: Vec<Alert>,
    consents: Vec<Consent>,
    next: Option<AgendaEntry>,
    /// Last day treated, visits, no-shows.
    visits: (Option<Day>, u32, u32),
    paid_cents: Option<i64>,
    photos: Vec<PhotoCard>,
}

impl Console {
    /// A client's profile as this person sees it, from the cache.
    pub(crate) fn profile(
        &self,
        id: ClientId,
        session: &Session,
    ) -> Result<Arc<ClientProfile>, AppError> {
        let sight = Sight::of(&session.staff().roles);
        let scope = Scope::Generation(self.store.generation());
        self.caches
            .profiles
            .get_or_load((id, sight), scope, || self.load_profile(id, session))
    }

    /// What this person may see of a client's history on this console.
    pub(crate) fn sees(&self, session: &Session) -> TimelineKinds {
        let roles = &session.staff().roles;
        let held = self.store.held();
        let may = |permission, bucket| allows(roles, permission) && held.contains(bucket);
        TimelineKinds {
            records: may(Permission::ViewClinical, Bucket::Clinical),
            photos: may(Permission::ViewPhotos, Bucket::Photos),
            finance: may(Permission::TakePayments, Bucket::Finance),
        }
    }

    fn load_profile(&self, id: ClientId, session: &Session) -> Result<ClientProfile, AppError> {
        let today = self.today(&*self.the_clinic()?);
        let sees = self.sees(session);
        let loaded = self
            .read("client_profile", |tx| load(tx, id, today, sees))?
            .ok_or_else(|| AppError::not_found("client"))?;
        Ok(assemble(loaded, session, today, sees))
    }
}

fn load(
    tx: &mut Tx<'_>,
    id: ClientId,
    today: Day,
    sees: TimelineKinds,
) -> Result<Option<Loaded>, StoreError> {
    let Some(client) = tx.get::<Client>(id)? else {
        return Ok(None);
    };
    Ok(Some(Loaded {
        client,
        alerts: tx.alerts_of(id)?,
        consents: tx.consents_of(id)?,
        next: tx.next_visit(id, today)?,
        visits: tx.visit_counts(id)?,
        paid_cents: if sees.finance {
            Some(tx.standing_of(id)?.paid_cents)
        } else {
            None
        },
        photos: if sees.photos {
            photo_cards(tx, id)?
        } else {
            Vec::new()
        },
    }))
}

/// A client's photos as cards, newest first.
pub(crate) fn photo_cards(tx: &Tx<'_>, client: ClientId) -> Result<Vec<PhotoCard>, StoreError> {
    let waiting = tx.originals_waiting()?;
    let photos = tx.photos_of(client)?;
    Ok(photos
        .iter()
        .map(|photo| crate::photos::card(photo, !waiting.contains(&photo.original.id)))
        .collect())
}

fn assemble(loaded: Loaded, session: &Session, today: Day, sees: TimelineKinds) -> ClientProfile {
    let Loaded {
        client,
        mut alerts,
        consents,
        ..
    } = loaded;
    alerts.sort_by_key(|alert| std::cmp::Reverse((alert.severity, alert.since)));
    let (last_visit, visits, no_shows) = loaded.visits;
    let hit = store::search::ClientHit {
        id: client.id,
        name: client.name.clone(),
        social_name: client.social_name.clone(),
        cpf: client.cpf.clone(),
        phone: client.phone.clone(),
        birth_date: client.birth_date,
        alerts: u32::try_from(alerts.len()).unwrap_or(u32::MAX),
    };
    ClientProfile {
        client: hit_view(hit),
        email_masked: masked_email(&client),
        age: client.birth_date.map(|birth| age(birth, today)),
        registered_at: millis(client.registered_at),
        revision: revision(&client),
        alerts: alerts.into_iter().map(alert_view).collect(),
        consents: consents.into_iter().map(consent_view).collect(),
        next_visit: loaded.next.map(|entry| card(entry, &session.staff().roles)),
        last_visit: last_visit.map(iso),
        visits,
        no_shows,
        paid_cents: loaded.paid_cents.map(|cents| cents as f64),
        photos: loaded.photos,
        clinical: sees.records,
    }
}

/// Changes whenever any of the client's own data do. Only equality means anything.
pub(crate) fn revision(client: &Client) -> String {
    let hash = blake3::hash(&codec::encode(client));
    hash.as_bytes()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whole years between a birth and a day.
fn age(birth: Day, today: Day) -> u32 {
    let (born, now) = (birth.date(), today.date());
    let before_birthday = (now.month(), now.day()) < (born.month(), born.day());
    let years = i32::from(now.year()) - i32::from(born.year()) - i32::from(before_birthday);
    u32::try_from(years).unwrap_or(0)
}

fn alert_view(alert: Alert) -> AlertView {
    AlertView {
        id: alert.id.to_string(),
        severity: alert.severity,
        text: alert.text,
        since: millis(alert.since),
    }
}

fn consent_view(consent: Consent) -> ConsentView {
    ConsentView {
        id: consent.id.to_string(),
        purpose: consent.purpose,
        text_version: consent.text_version,
        signer: consent.signer,
        signed_at: millis(consent.signed_at),
        revoked_at: consent.revoked_at.map(millis),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_grow_older_on_their_birthday() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert_eq!(age(day("1990-05-21"), day("2026-05-20")), 35);
        assert_eq!(age(day("1990-05-21"), day("2026-05-21")), 36);
        assert_eq!(age(day("2024-02-29"), day("2025-02-28")), 0);
        assert_eq!(age(day("2024-02-29"), day("2025-03-01")), 1);
        assert_eq!(
            age(day("2026-05-21"), day("2026-05-20")),
            0,
            "a wrong clock does not wrap"
        );
    }
}
