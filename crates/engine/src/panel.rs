//! Sincronização: what is safe on the server, what waits and why, and what needs a person.

use crate::act::{Stopped, refused};
use crate::console::{Console, last_receipt};
use crate::core::Engine;
use crate::error::AppError;
use crate::net::LinkState;
use crate::reading::{millis, read, read_position};
use crate::session::Session;
use crate::view::agenda::{Outcome, SlotView};
use crate::view::sync::{Connection, ParkedItem, SyncView, UploadItem, WaitingItem};
use domain::action::{Action, Actor, BookAppointment, MoveAppointment};
use domain::codec;
use domain::envelope::Envelope;
use domain::id::{AppointmentId, ClientId, StaffId};
use domain::port::{Clock, Entropy};
use domain::role::{Permission, allows};
use domain::row::{Appointment, AppointmentStatus, Photo, Staff};
use domain::store_port::{OutboxEntry, OutboxState, ReplicaStore as _};
use domain::time::Timestamp;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use store::{StoreError, Tx};

/// Entries shown of each list at most: more is a number, not something to read.
const MOST_SHOWN: usize = 500;

/// Names that the items mention, looked up once.
struct Names<'a, 'c> {
    tx: &'a mut Tx<'c>,
    shows_clients: bool,
    clients: HashMap<ClientId, Option<String>>,
    staff: HashMap<StaffId, String>,
}

impl Names<'_, '_> {
    fn client(&mut self, id: ClientId) -> Result<Option<String>, StoreError> {
        if !self.shows_clients {
            return Ok(None);
        }
        if let Some(name) = self.clients.get(&id) {
            return Ok(name.clone());
        }
        let name = self
            .tx
            .client_hit(id)?
            .map(|hit| hit.social_name.unwrap_or(hit.name));
        self.clients.insert(id, name.clone());
        Ok(name)
    }

    fn person(&mut self, id: StaffId) -> Result<String, StoreError> {
        if let Some(name) = self.staff.get(&id) {
            return Ok(name.clone());
        }
        let name = self
            .tx
            .get::<Staff>(id)?
            .map(|staff| staff.name)
            .unwrap_or_default();
        self.staff.insert(id, name.clone());
        Ok(name)
    }

    /// Whom an action is about.
    fn about(&mut self, action: &Action) -> Result<Option<String>, StoreError> {
        if let Action::RegisterClient(register) = action {
            let name = register.social_name.as_ref().unwrap_or(&register.name);
            return Ok(self.shows_clients.then(|| name.clone()));
        }
        match self.client_of(action)? {
            Some(client) => self.client(client),
            None => Ok(None),
        }
    }

    fn client_of(&mut self, action: &Action) -> Result<Option<ClientId>, StoreError> {
        Ok(match action {
            Action::EditClient(edit) => Some(edit.id),
            Action::RaiseAlert(alert) => Some(alert.client),
            Action::SignConsent(consent) => Some(consent.client),
            Action::BookAppointment(book) => Some(book.client),
            Action::MoveAppointment(moved) => self.visitor(moved.id)?,
            Action::ChangeVisitStatus(change) => self.visitor(change.id)?,
            Action::GrantClientKey(grant) => Some(grant.client),
            Action::RecordSession(record) => Some(record.client),
            Action::AddPhoto(add) => Some(add.photo.client),
            Action::AddRenditions(add) => self.pictured(add.id)?,
            Action::TagPhoto(tag) => self.pictured(tag.id)?,
            Action::WithdrawPhoto(withdraw) => self.pictured(withdraw.id)?,
            Action::TakePayment(payment) => Some(payment.client),
            Action::EndAlert(end) => self
                .tx
                .get::<domain::row::Alert>(end.id)?
                .map(|alert| alert.client),
            Action::RevokeConsent(revoke) => self
                .tx
                .get::<domain::row::Consent>(revoke.id)?
                .map(|consent| consent.client),
            Action::RefundPayment(refund) => self.visitor(refund.appointment)?,
            Action::RegisterClient(_) | Action::ReceiveLot(_) => None,
        })
    }

    fn visitor(&mut self, id: AppointmentId) -> Result<Option<ClientId>, StoreError> {
        Ok(self
            .tx
            .get::<Appointment>(id)?
            .map(|appointment| appointment.client))
    }

    fn pictured(&mut self, id: domain::id::PhotoId) -> Result<Option<ClientId>, StoreError> {
        Ok(self.tx.get::<Photo>(id)?.map(|photo| photo.client))
    }
}

/// Stable code of what an action is.
fn what(action: &Action) -> String {
    match action {
        Action::ChangeVisitStatus(change) if change.to == AppointmentStatus::Arrived => {
            "check_in".to_owned()
        }
        action => action
            .name()
            .split('@')
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

/// The wanted place of a booking or a move.
fn wanted(action: Option<&Action>) -> (Option<String>, Option<i32>) {
    match action {
        Some(Action::BookAppointment(book)) => {
            (Some(book.day.to_string()), Some(book.start_minute))
        }
        Some(Action::MoveAppointment(moved)) => {
            (Some(moved.day.to_string()), Some(moved.start_minute))
        }
        _ => (None, None),
    }
}

/// The wall-clock instant of a moment in the past.
fn wall(now: Timestamp, moment: Option<Instant>) -> Option<f64> {
    let ago = i64::try_from(moment?.elapsed().as_millis()).ok()?;
    Some(millis(Timestamp(now.0.saturating_sub(ago))))
}

fn connection(state: LinkState, retry_in: Option<Duration>, now: Timestamp) -> Connection {
    match state {
        LinkState::Online => Connection::Online,
        LinkState::Connecting => Connection::Connecting,
        LinkState::Offline(cause) => Connection::Offline {
            reason: cause.code().to_owned(),
            retry_at: retry_in
                .and_then(|wait| i64::try_from(wait.as_millis()).ok())
                .map(|wait| millis(Timestamp(now.0.saturating_add(wait)))),
        },
    }
}

impl Console {
    /// The state of sync for whoever is at work; without names while nobody is.
    pub(crate) fn sync_view(&self) -> Result<SyncView, AppError> {
        let session = self.seat().session();
        let now = self.now();
        let status = self.link().map(crate::net::Link::status);
        let online = status
            .as_ref()
            .is_some_and(|status| status.connection == LinkState::Online);
        let replica = self.replica();
        let (waiting, parked, counts, uploads, receipt, progress) =
            self.read("sync_panel", |tx| {
                let progress = replica.progress(tx).map_err(storage_of)?;
                let receipt = last_receipt(tx)?;
                let entries = tx.outbox_from(0)?;
                let refused = entries
                    .iter()
                    .filter(|entry| matches!(entry.state, OutboxState::Parked(_)))
                    .count();
                let counts = (entries.len() - refused, refused);
                let uploads = tx.waiting_blobs(MOST_SHOWN)?;
                let mut names = Names {
                    tx,
                    shows_clients: session.as_ref().is_some_and(|session| {
                        allows(&session.staff().roles, Permission::ViewClients)
                    }),
                    clients: HashMap::new(),
                    staff: HashMap::new(),
                };
                let (waiting, parked) = items(&entries, &mut names, session.as_deref(), online)?;
                let uploads = upload_items(uploads, &mut names)?;
                Ok((waiting, parked, counts, uploads, receipt, progress))
            })?;
        drop(replica);
        Ok(SyncView {
            connection: match &status {
                Some(status) => connection(status.connection, status.retry_in, now),
                None => Connection::Connecting,
            },
            // Both must say so: the machine knows what the server has decided, the outbox what it has not been told.
            synced: status.as_ref().is_some_and(|status| status.synced) && counts.0 == 0,
            last_receipt_at: receipt.map(millis),
            last_heard_at: status
                .as_ref()
                .and_then(|status| wall(now, status.last_heard)),
            server: Some(self.record().server.address.clone()),
            waiting_total: counts.0 as f64,
            parked_total: counts.1 as f64,
            waiting,
            parked,
            uploads,
            cursor: progress.cursor as f64,
        })
    }
}

fn storage_of(error: replica::ReplicaError<StoreError>) -> StoreError {
    match error {
        replica::ReplicaError::Store(error) => error,
        replica::ReplicaError::Damaged { cause, .. } => cause.into(),
        other => StoreError::Corrupt(other.to_string()),
    }
}

type Items = (Vec<WaitingItem>, Vec<ParkedItem>);

fn items(
    entries: &[OutboxEntry],
    names: &mut Names<'_, '_>,
    session: Option<&Session>,
    online: bool,
) -> Result<Items, StoreError> {
    let (mut waiting, mut parked) = (Vec::new(), Vec::new());
    for entry in entries {
        let Ok(envelope) = codec::decode::<Envelope>(&entry.envelope) else {
            continue;
        };
        let action = envelope.action().ok();
        if let OutboxState::Parked(reason) = &entry.state {
            if parked.len() < MOST_SHOWN {
                let (day, start_minute) = wanted(action.as_ref());
                parked.push(ParkedItem {
                    sequence: entry.sequence as f64,
                    what: action.as_ref().map_or_else(|| envelope.name.clone(), what),
                    about: action
                        .as_ref()
                        .map_or(Ok(None), |action| names.about(action))?,
                    by: names.person(envelope.actor)?,
                    at: millis(envelope.at),
                    day,
                    start_minute,
                    refusal: refused(reason, action.as_ref()),
                    mine: session.is_some_and(|session| may_decide(session, envelope.actor)),
                });
            }
            continue;
        }
        if waiting.len() < MOST_SHOWN {
            waiting.push(WaitingItem {
                sequence: entry.sequence as f64,
                what: action.as_ref().map_or_else(|| envelope.name.clone(), what),
                about: action
                    .as_ref()
                    .map_or(Ok(None), |action| names.about(action))?,
                by: names.person(envelope.actor)?,
                at: millis(envelope.at),
                reason: match (&entry.state, online) {
                    (OutboxState::Unfitting(_), _) => "unfitting",
                    (_, true) => "sending",
                    (_, false) => "offline",
                }
                .to_owned(),
                provisional: entry.provisional,
            });
        }
    }
    Ok((waiting, parked))
}

/// Uploads by photo: its renditions and original are one item for a person.
fn upload_items(
    waiting: Vec<store::blob_state::WaitingBlob>,
    names: &mut Names<'_, '_>,
) -> Result<Vec<UploadItem>, StoreError> {
    let mut items: Vec<UploadItem> = Vec::new();
    let mut places: HashMap<domain::id::PhotoId, usize> = HashMap::new();
    for one in waiting {
        let place = match places.get(&one.photo) {
            Some(place) => *place,
            None => {
                let client = match names.pictured(one.photo)? {
                    Some(client) => names.client(client)?,
                    None => None,
                };
                items.push(UploadItem {
                    photo_id: one.photo.to_string(),
                    client,
                    sent: 0.0,
                    total: 0.0,
                });
                places.insert(one.photo, items.len() - 1);
                items.len() - 1
            }
        };
        if let Some(item) = items.get_mut(place) {
            item.sent += one.sent as f64;
            item.total += one.blob.len as f64;
        }
    }
    Ok(items)
}

/// The author decides about a refused action; a manager may, when the author is not there.
fn may_decide(session: &Session, author: StaffId) -> bool {
    session.staff().id == author || session.staff().roles.contains(&domain::role::Role::Manager)
}

impl Engine {
    /// The state of sync.
    ///
    /// # Errors
    /// When nobody is at work or it cannot be read.
    pub fn sync_read(&self) -> Result<SyncView, AppError> {
        self.answer(Permission::ViewSync, |console, _| console.sync_view())
    }

    /// Tries to connect at once.
    ///
    /// # Errors
    /// When nobody is at work.
    pub fn sync_now(&self) -> Result<(), AppError> {
        let seated = self.seated(Permission::ViewSync)?;
        if let Some(link) = seated.console.link() {
            link.hint();
        }
        Ok(())
    }

    /// Does a refused action again as it was.
    ///
    /// # Errors
    /// When there is no such action, this person may not decide about it, or the disk fails.
    pub fn parked_retry(&self, sequence: f64) -> Result<Outcome, AppError> {
        self.again(sequence, |action, _| Ok(action))
    }

    /// Does a refused booking or move again at another place.
    ///
    /// # Errors
    /// As [`Engine::parked_retry`]; also when the action has no place.
    pub fn parked_rebook(&self, sequence: f64, slot: SlotView) -> Result<Outcome, AppError> {
        self.again(sequence, move |action, console| {
            replaced(action, &slot, console)
        })
    }

    /// Gives a refused action up.
    ///
    /// # Errors
    /// As [`Engine::parked_retry`].
    pub fn parked_discard(&self, sequence: f64) -> Result<(), AppError> {
        let position = read_position(sequence)?;
        let seated = self.seated(Permission::ViewSync)?;
        let console = &seated.console;
        let action = parked_action(console, &seated.session, position)?;
        let actor = Actor {
            staff: seated.session.staff().id,
            at: console.now(),
        };
        let discarded = console.enqueue(|replica, tx| {
            replica.discard(tx, position).map_err(AppError::from)?;
            tx.audit(&store::audit::Entry {
                at: actor.at,
                actor: Some(actor.staff),
                what: "parked_discarded",
                subject: None,
                evidence: Some(blake3::hash(&action.encode()).as_bytes()),
            })?;
            Ok(())
        });
        match discarded {
            Ok(()) => {
                console.tell_sync();
                Ok(())
            }
            Err(Stopped::Failed(error)) => Err(error),
            Err(Stopped::Refused(reason)) => Err(AppError::new("refused", reason.to_string())),
        }
    }

    fn again(
        &self,
        sequence: f64,
        edit: impl FnOnce(Action, &Console) -> Result<Action, AppError>,
    ) -> Result<Outcome, AppError> {
        let position = read_position(sequence)?;
        let seated = self.seated(Permission::ViewSync)?;
        let (console, session) = (&seated.console, &seated.session);
        let action = edit(parked_action(console, session, position)?, console)?;
        let actor = Actor {
            staff: session.staff().id,
            at: console.now(),
        };
        let sign = |bytes: &[u8]| session.sign(bytes);
        let done = console.enqueue(|replica, tx| {
            let done = replica.retry(tx, position, &action, actor, &sign)?;
            console.remember(tx, actor, &action)?;
            Ok(done)
        });
        match done {
            Ok(done) => {
                console.sent(std::slice::from_ref(&done));
                Ok(Outcome::Done {
                    id: subject_of(&action),
                    provisional: done.effects.provisional,
                })
            }
            Err(Stopped::Refused(reason)) => Ok(Outcome::Refused {
                refusal: refused(&reason, Some(&action)),
            }),
            Err(Stopped::Failed(error)) => Err(error),
        }
    }
}

/// A refused action that this person may decide about.
fn parked_action(console: &Console, session: &Session, position: u64) -> Result<Action, AppError> {
    let entry = console
        .read("parked_action", |tx| tx.outbox_get(position))?
        .filter(|entry| matches!(entry.state, OutboxState::Parked(_)))
        .ok_or_else(|| AppError::not_found("refused action"))?;
    let envelope: Envelope = codec::decode(&entry.envelope).map_err(StoreError::from)?;
    if !may_decide(session, envelope.actor) {
        return Err(AppError::new(
            "not_yours",
            "only whoever did it, or a manager, decides about a refused action",
        ));
    }
    envelope.action().map_err(|_| {
        AppError::new(
            "unknown_action",
            "this version of the app does not know the action; update it",
        )
    })
}

/// The same wish at another place. A booking gets a new identity: the refused one may exist on the server as refused.
fn replaced(action: Action, slot: &SlotView, console: &Console) -> Result<Action, AppError> {
    let (clock, entropy): (&dyn Clock, &dyn Entropy) =
        (&*console.config.clock, &*console.config.entropy);
    let (day, staff, room) = (
        read("day", &slot.day)?,
        read("staff", &slot.staff_id)?,
        read("room", &slot.room_id)?,
    );
    match action {
        Action::BookAppointment(book) => Ok(Action::from(BookAppointment {
            id: AppointmentId::make(clock, entropy),
            day,
            staff,
            room,
            start_minute: slot.start_minute,
            duration_minutes: slot.duration_minutes,
            ..book
        })),
        Action::MoveAppointment(moved) => {
            // Moved again from where it stands now: the person has seen that the first wish was not possible.
            let now = console
                .read("appointment", |tx| tx.get::<Appointment>(moved.id))?
                .ok_or_else(|| AppError::not_found("appointment"))?;
            Ok(Action::from(MoveAppointment {
                from_day: now.day,
                from_minute: now.start_minute,
                day,
                staff,
                room,
                start_minute: slot.start_minute,
                duration_minutes: slot.duration_minutes,
                ..moved
            }))
        }
        _ => Err(AppError::invalid("slot")),
    }
}

fn subject_of(action: &Action) -> String {
    match action {
        Action::BookAppointment(book) => book.id.to_string(),
        Action::MoveAppointment(moved) => moved.id.to_string(),
        Action::RegisterClient(register) => register.id.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_check_in_is_named_as_people_call_it() {
        let change = |to| {
            Action::from(domain::action::ChangeVisitStatus {
                id: AppointmentId(Uuid::from_u128(1)),
                staff: StaffId(Uuid::from_u128(2)),
                room: domain::id::RoomId(Uuid::from_u128(3)),
                day: domain::time::Day(20_000),
                from: AppointmentStatus::Confirmed,
                to,
            })
        };
        assert_eq!(what(&change(AppointmentStatus::Arrived)), "check_in");
        assert_eq!(
            what(&change(AppointmentStatus::Done)),
            "change_visit_status"
        );
    }

    #[test]
    fn moments_become_instants_of_the_wall_clock() {
        let now = Timestamp(1_000_000);
        assert_eq!(wall(now, None), None);
        let at = wall(now, Some(Instant::now())).unwrap();
        assert!((at - 1_000_000.0).abs() < 1_000.0);
    }
}
