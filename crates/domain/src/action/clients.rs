//! Clients, alerts and consents.

use super::{Actor, Apply, Effects, Refusal, checked_text, need, need_absent};
use crate::contact::{Email, Phone};
use crate::cpf::Cpf;
use crate::id::{AlertId, ClientId, ConsentId};
use crate::read::{Read, ReadSet, WorkingSet};
use crate::rejection::Rejection;
use crate::role::Permission;
use crate::row::{Alert, AlertSeverity, Client, Consent, ConsentPurpose};
use crate::time::Day;
use serde::{Deserialize, Serialize};

const LONGEST_NAME: usize = 160;

/// Registers a client.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RegisterClient {
    /// The new client.
    pub id: ClientId,
    /// Civil name.
    pub name: String,
    /// Name they want to be called by.
    pub social_name: Option<String>,
    /// CPF.
    pub cpf: Option<Cpf>,
    /// Telephone.
    pub phone: Option<Phone>,
    /// E-mail.
    pub email: Option<Email>,
    /// Day of birth.
    pub birth_date: Option<Day>,
}

impl Apply for RegisterClient {
    const NEEDS: Permission = Permission::EditClients;

    fn footprint(&self) -> ReadSet {
        let reads = ReadSet::new().row(self.id);
        match &self.cpf {
            Some(cpf) => reads.with(Read::ClientByCpf(cpf.clone())),
            None => reads,
        }
    }

    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        need_absent::<Client>(rows, self.id)?;
        let provisional = match &self.cpf {
            Some(cpf) => cpf_is_free(rows, cpf, self.id)?,
            None => false,
        };
        let client = Client {
            id: self.id,
            name: checked_text("name", &self.name, LONGEST_NAME)?,
            social_name: optional_name(self.social_name.as_deref())?,
            cpf: self.cpf.clone(),
            phone: self.phone.clone(),
            email: self.email.clone(),
            birth_date: self.birth_date,
            registered_at: actor.at,
            registered_by: actor.staff,
        };
        let mut effects = Effects {
            changes: Vec::new(),
            provisional,
        };
        effects.put(client);
        Ok(effects)
    }
}

fn optional_name(name: Option<&str>) -> Result<Option<String>, Rejection> {
    name.map(|name| checked_text("social_name", name, LONGEST_NAME))
        .transpose()
}

/// Refuses a CPF that another client has. True when this device cannot tell.
fn cpf_is_free(rows: &WorkingSet, cpf: &Cpf, own: ClientId) -> Result<bool, Refusal> {
    let Some(holders) = rows.range::<Client>(&Read::ClientByCpf(cpf.clone()))? else {
        return Ok(true);
    };
    match holders.iter().find(|client| client.id != own) {
        Some(other) => Err(Rejection::DuplicateCpf { existing: other.id }.into()),
        None => Ok(false),
    }
}

/// One field of a client as the person saw it and as they left it. The old value makes two people's edits of the same
/// field a question for a person, instead of the later one winning silently.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientEdit {
    /// Civil name.
    Name {
        /// As seen.
        from: String,
        /// As left.
        to: String,
    },
    /// Name to be called by.
    SocialName {
        /// As seen.
        from: Option<String>,
        /// As left.
        to: Option<String>,
    },
    /// CPF.
    Cpf {
        /// As seen.
        from: Option<Cpf>,
        /// As left.
        to: Option<Cpf>,
    },
    /// Telephone.
    Phone {
        /// As seen.
        from: Option<Phone>,
        /// As left.
        to: Option<Phone>,
    },
    /// E-mail.
    Email {
        /// As seen.
        from: Option<Email>,
        /// As left.
        to: Option<Email>,
    },
    /// Day of birth.
    BirthDate {
        /// As seen.
        from: Option<Day>,
        /// As left.
        to: Option<Day>,
    },
}

/// Corrects a client's data.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EditClient {
    /// Whose.
    pub id: ClientId,
    /// Which fields.
    pub edits: Vec<ClientEdit>,
}

impl Apply for EditClient {
    const NEEDS: Permission = Permission::EditClients;

    fn footprint(&self) -> ReadSet {
        self.edits
            .iter()
            .fold(ReadSet::new().row(self.id), |reads, edit| match edit {
                ClientEdit::Cpf { to: Some(cpf), .. } => reads.with(Read::ClientByCpf(cpf.clone())),
                _ => reads,
            })
    }

    fn apply(&self, rows: &WorkingSet, _actor: Actor) -> Result<Effects, Refusal> {
        let Some(mut client) = need::<Client>(rows, self.id)? else {
            return Ok(Effects {
                changes: Vec::new(),
                provisional: true,
            });
        };
        let mut provisional = false;
        for edit in &self.edits {
            match edit {
                ClientEdit::Name { from, to } => {
                    let to = checked_text("name", to, LONGEST_NAME)?;
                    replace("name", &mut client.name, from, to)?;
                }
                ClientEdit::SocialName { from, to } => {
                    replace(
                        "social_name",
                        &mut client.social_name,
                        from,
                        optional_name(to.as_deref())?,
                    )?;
                }
                ClientEdit::Cpf { from, to } => {
                    if let Some(cpf) = to {
                        provisional |= cpf_is_free(rows, cpf, self.id)?;
                    }
                    replace("cpf", &mut client.cpf, from, to.clone())?;
                }
                ClientEdit::Phone { from, to } => {
                    replace("phone", &mut client.phone, from, to.clone())?
                }
                ClientEdit::Email { from, to } => {
                    replace("email", &mut client.email, from, to.clone())?
                }
                ClientEdit::BirthDate { from, to } => {
                    replace("birth_date", &mut client.birth_date, from, *to)?
                }
            }
        }
        let mut effects = Effects {
            changes: Vec::new(),
            provisional,
        };
        effects.put(client);
        Ok(effects)
    }
}

/// Sets a field that still holds what the person saw, or already what they wanted.
fn replace<T: PartialEq>(field: &str, held: &mut T, from: &T, to: T) -> Result<(), Rejection> {
    if *held != *from && *held != to {
        return Err(Rejection::ChangedMeanwhile {
            field: field.to_owned(),
        });
    }
    *held = to;
    Ok(())
}

/// Raises a safety alert.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RaiseAlert {
    /// The new alert.
    pub id: AlertId,
    /// On whom.
    pub client: ClientId,
    /// How loudly.
    pub severity: AlertSeverity,
    /// In a few words.
    pub text: String,
}

impl Apply for RaiseAlert {
    const NEEDS: Permission = Permission::RecordClinical;

    fn footprint(&self) -> ReadSet {
        ReadSet::new().row(self.id).row(self.client)
    }

    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        need_absent::<Alert>(rows, self.id)?;
        let client = need::<Client>(rows, self.client)?;
        let mut effects = Effects {
            changes: Vec::new(),
            provisional: client.is_none(),
        };
        effects.put(Alert {
            id: self.id,
            client: self.client,
            severity: self.severity,
            text: checked_text("text", &self.text, 200)?,
            since: actor.at,
            by: actor.staff,
            ended_at: None,
        });
        Ok(effects)
    }
}

/// Ends a safety alert.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EndAlert {
    /// Which.
    pub id: AlertId,
}

impl Apply for EndAlert {
    const NEEDS: Permission = Permission::RecordClinical;

    fn footprint(&self) -> ReadSet {
        ReadSet::new().row(self.id)
    }

    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        let Some(mut alert) = need::<Alert>(rows, self.id)? else {
            return Ok(Effects {
                changes: Vec::new(),
                provisional: true,
            });
        };
        let mut effects = Effects::default();
        if alert.ended_at.is_none() {
            alert.ended_at = Some(actor.at);
            effects.put(alert);
        }
        Ok(effects)
    }
}

/// Takes down a consent signed for one purpose.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SignConsent {
    /// The new consent.
    pub id: ConsentId,
    /// Whose.
    pub client: ClientId,
    /// What for.
    pub purpose: ConsentPurpose,
    /// Version of the text.
    pub text_version: String,
    /// BLAKE3 of the text.
    #[serde(with = "serde_bytes")]
    pub text_hash: Vec<u8>,
    /// Who signed.
    pub signer: String,
}

impl Apply for SignConsent {
    const NEEDS: Permission = Permission::ManageConsents;

    fn footprint(&self) -> ReadSet {
        ReadSet::new().row(self.id).row(self.client)
    }

    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        need_absent::<Consent>(rows, self.id)?;
        let client = need::<Client>(rows, self.client)?;
        if self.text_hash.len() != 32 {
            return Err(Rejection::invalid("text_hash").into());
        }
        let mut effects = Effects {
            changes: Vec::new(),
            provisional: client.is_none(),
        };
        effects.put(Consent {
            id: self.id,
            client: self.client,
            purpose: self.purpose,
            text_version: checked_text("text_version", &self.text_version, 40)?,
            text_hash: self.text_hash.clone(),
            signer: checked_text("signer", &self.signer, LONGEST_NAME)?,
            signed_at: actor.at,
            recorded_by: actor.staff,
            revoked_at: None,
        });
        Ok(effects)
    }
}

/// Takes down a consent's revocation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RevokeConsent {
    /// Which.
    pub id: ConsentId,
}

impl Apply for RevokeConsent {
    const NEEDS: Permission = Permission::ManageConsents;

    fn footprint(&self) -> ReadSet {
        ReadSet::new().row(self.id)
    }

    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        let Some(mut consent) = need::<Consent>(rows, self.id)? else {
            return Ok(Effects {
                changes: Vec::new(),
                provisional: true,
            });
        };
        if !consent.holds() {
            return Err(Rejection::AlreadyRevoked.into());
        }
        consent.revoked_at = Some(actor.at);
        let mut effects = Effects::default();
        effects.put(consent);
        Ok(effects)
    }
}
