//! Signing the record of a visit and reading records. Notes are sealed under a key of their client before they are stored,
//! bound to the identity of the record they belong to.

use crate::act::{Stopped, refused};
use crate::console::Console;
use crate::core::Engine;
use crate::error::AppError;
use crate::reading::{millis, read, read_if};
use crate::session::Session;
use crate::signin::council;
use crate::view::agenda::Outcome;
use crate::view::clinical::{LotUseView, RecordRequest, RecordView};
use domain::action::{Action, GrantClientKey, LotUseEntry, RecordSession};
use domain::id::{
    AppointmentId, ClientId, ClientKeyId, EncounterId, LotUseId, StaffId, TreatmentId,
};
use domain::rejection::Rejection;
use domain::role::Permission;
use domain::row::{Appointment, ClientKeyGrant, Encounter, SealedText};
use std::collections::BTreeMap;
use store::query::StaffName;
use vault::VaultError;
use vault::clinical::{ClinicalPublic, seal_client_key};
use vault::envelope;
use vault::key::ClientKey;

/// What sealed notes are called in errors.
const NOTES: &str = "record";

impl Engine {
    /// Signs and locks the record of a visit, or an addendum to one.
    ///
    /// # Errors
    /// When the console is locked, the person may not, the request does not fit together, or the database fails. A refusal
    /// by a rule is an outcome.
    pub fn record_sign(&self, request: RecordRequest) -> Result<Outcome, AppError> {
        let seated = self.seated(Permission::RecordClinical)?;
        seated.console.sign_record(&seated.session, request)
    }

    /// Opens a record with what was added to it later. The look is remembered before anything is opened.
    ///
    /// # Errors
    /// When the console is locked, the person may not, there is no such record here, or its key does not open.
    pub fn record_read(&self, id: String) -> Result<RecordView, AppError> {
        let id: EncounterId = read("id", &id)?;
        self.answer(Permission::ViewClinical, |console, session| {
            console.record_of(session, id)
        })
    }
}

/// What a record to be signed refers to.
struct Referred {
    appointment: Option<Appointment>,
    first: Option<Encounter>,
    grants: Vec<ClientKeyGrant>,
}

impl Console {
    fn sign_record(&self, session: &Session, request: RecordRequest) -> Result<Outcome, AppError> {
        let notes = request.notes.trim();
        if notes.is_empty() {
            return Ok(Outcome::Refused {
                refusal: refused(&Rejection::invalid("notes"), None),
            });
        }
        let client: ClientId = read("client", &request.client_id)?;
        let treatment: TreatmentId = read("treatment", &request.treatment_id)?;
        let referred = self.referred(client, &request)?;
        let id = EncounterId::make(&*self.config.clock, &*self.config.entropy);
        let (sealed, granted) = self.seal_notes(session, client, id, notes, &referred.grants)?;
        // An addendum is written now; a record tells of the visit, which may have been yesterday.
        let started = referred.appointment.as_ref().and_then(|at| at.started_at);
        let occurred_at = started
            .filter(|_| referred.first.is_none())
            .unwrap_or(self.now());
        let record = RecordSession {
            id,
            client,
            appointment: referred.appointment.as_ref().map(|at| at.id),
            treatment,
            areas: request.areas,
            notes: sealed,
            occurred_at,
            day: self.the_clinic()?.zone.day(occurred_at),
            lots: request
                .lots
                .iter()
                .map(|used| self.lot_use(&used.lot_id, used.quantity))
                .collect::<Result<_, _>>()?,
            // What is added to an addendum is added to the record itself, where it is read.
            addendum_to: referred
                .first
                .map(|first| first.addendum_to.unwrap_or(first.id)),
        };
        let mut actions: Vec<Action> = granted.map(Action::GrantClientKey).into_iter().collect();
        actions.push(Action::RecordSession(record));
        self.take_record(session, id, &actions)
    }

    /// Takes the record in with the key its notes need, or neither.
    fn take_record(
        &self,
        session: &Session,
        id: EncounterId,
        actions: &[Action],
    ) -> Result<Outcome, AppError> {
        let sign = |bytes: &[u8]| session.sign(bytes);
        match self.take_in(session.staff().id, &sign, actions) {
            Ok(done) => Ok(Outcome::Done {
                id: id.to_string(),
                provisional: done.iter().any(|one| one.effects.provisional),
            }),
            Err(Stopped::Refused(reason)) => Ok(Outcome::Refused {
                refusal: refused(&reason, actions.last()),
            }),
            Err(Stopped::Failed(error)) => Err(error),
        }
    }

    /// Finds what a record refers to and refuses what belongs to somebody else.
    fn referred(&self, client: ClientId, request: &RecordRequest) -> Result<Referred, AppError> {
        let appointment: Option<AppointmentId> =
            read_if("appointment", request.appointment_id.as_deref())?;
        let first: Option<EncounterId> = read_if("addendum_to", request.addendum_to.as_deref())?;
        let found = self.read("record_references", |tx| {
            Ok(Referred {
                appointment: appointment.map(|id| tx.get(id)).transpose()?.flatten(),
                first: first.map(|id| tx.get(id)).transpose()?.flatten(),
                grants: tx.client_keys_of(client)?,
            })
        })?;
        if appointment.is_some()
            && found
                .appointment
                .as_ref()
                .is_none_or(|at| at.client != client)
        {
            return Err(AppError::invalid("appointment"));
        }
        if first.is_some()
            && found
                .first
                .as_ref()
                .is_none_or(|first| first.client != client)
        {
            return Err(AppError::invalid("addendum_to"));
        }
        Ok(found)
    }

    /// Seals notes under the client's newest key that opens, or under a new one, which then has to be granted with them.
    fn seal_notes(
        &self,
        session: &Session,
        client: ClientId,
        id: EncounterId,
        notes: &str,
        grants: &[ClientKeyGrant],
    ) -> Result<(SealedText, Option<GrantClientKey>), AppError> {
        let entropy = &*self.config.entropy;
        let seal = |key: &ClientKey| envelope::seal(key, id.as_bytes(), notes.as_bytes(), entropy);
        for grant in grants.iter().rev() {
            match session.with_client_key(grant, seal) {
                Ok(sealed) => {
                    return Ok((
                        SealedText {
                            key: grant.id,
                            sealed,
                        },
                        None,
                    ));
                }
                Err(error) => {
                    tracing::warn!(key = %grant.id, %error, "a client key does not open and is passed over")
                }
            }
        }
        let clinic = ClinicalPublic::from_bytes(&self.the_clinic()?.profile.clinical_public)?;
        let key = ClientKey::make(entropy);
        let key_id = ClientKeyId::make(&*self.config.clock, entropy);
        let granted = GrantClientKey {
            id: key_id,
            client,
            sealed: seal_client_key(&clinic, client, key_id, &key, entropy),
        };
        let sealed = seal(&key);
        Ok((
            SealedText {
                key: key_id,
                sealed,
            },
            Some(granted),
        ))
    }

    fn lot_use(&self, lot: &str, quantity: i32) -> Result<LotUseEntry, AppError> {
        Ok(LotUseEntry {
            id: LotUseId::make(&*self.config.clock, &*self.config.entropy),
            lot: read("lot", lot)?,
            quantity: i64::from(quantity),
        })
    }

    fn record_of(&self, session: &Session, id: EncounterId) -> Result<RecordView, AppError> {
        let shelf = self.read("record", |tx| {
            let Some(record) = tx.get::<Encounter>(id)? else {
                return Ok(None);
            };
            let grants = tx.client_keys_of(record.client)?;
            Ok(Some(Shelf {
                addenda: tx.addenda_of(id)?,
                lots: tx.lot_uses_of(id)?,
                grants: grants.into_iter().map(|grant| (grant.id, grant)).collect(),
                treatments: tx.treatment_names()?,
                staff: tx.staff_names()?,
                record,
            }))
        })?;
        let shelf = shelf.ok_or_else(|| AppError::not_found("record"))?;
        self.audit(session.staff().id, "record_read", Some(id.as_bytes()))?;
        let mut view = shelf.open(session, &shelf.record)?;
        view.addenda = shelf
            .addenda
            .iter()
            .map(|addendum| shelf.open(session, addendum))
            .collect::<Result<_, _>>()?;
        Ok(view)
    }
}

/// A record, still sealed, with everything it takes to show it.
struct Shelf {
    record: Encounter,
    addenda: Vec<Encounter>,
    lots: Vec<store::query::LotUseEntry>,
    grants: BTreeMap<ClientKeyId, ClientKeyGrant>,
    treatments: BTreeMap<TreatmentId, String>,
    staff: BTreeMap<StaffId, StaffName>,
}

impl Shelf {
    fn open(&self, session: &Session, record: &Encounter) -> Result<RecordView, AppError> {
        let unsealable = || VaultError::Unsealable { what: NOTES };
        let grant = self.grants.get(&record.notes.key).ok_or_else(unsealable)?;
        let notes = session.with_client_key(grant, |key| {
            envelope::open(key, record.id.as_bytes(), &record.notes.sealed, NOTES)
        })??;
        Ok(RecordView {
            id: record.id.to_string(),
            client_id: record.client.to_string(),
            treatment: self
                .treatments
                .get(&record.treatment)
                .cloned()
                .unwrap_or_default(),
            practitioner: self
                .staff
                .get(&record.practitioner)
                .map(signature)
                .unwrap_or_default(),
            areas: record.areas.clone(),
            notes: String::from_utf8(notes).map_err(|_| unsealable())?,
            at: millis(record.at),
            locked_at: millis(record.locked_at),
            lots: self
                .lots
                .iter()
                .filter(|used| used.encounter == record.id)
                .map(lot_view)
                .collect(),
            addenda: Vec::new(),
        })
    }
}

/// `Helena Vasconcelos, CRM 123456/SP`.
fn signature(staff: &StaffName) -> String {
    match &staff.council {
        Some(registration) => format!("{}, {}", staff.name, council(registration)),
        None => staff.name.clone(),
    }
}

fn lot_view(used: &store::query::LotUseEntry) -> LotUseView {
    LotUseView {
        product: used.product.clone(),
        code: used.code.clone(),
        quantity: i32::try_from(used.quantity).unwrap_or(i32::MAX),
        unit: used.unit.clone(),
    }
}
