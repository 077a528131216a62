//! Finding clients, looking at their contact data, and what is taken down about them: alerts and consents.

mod registration;

use crate::console::Console;
use crate::core::Engine;
use crate::error::AppError;
use crate::reading::{iso, read};
use crate::view::agenda::Outcome;
use crate::view::clients::{AlertRequest, ClientContact, ClientHit, ClientPage, ConsentRequest};
use domain::action::{EndAlert, RaiseAlert, RevokeConsent, SignConsent};
use domain::contact::{Email, Phone};
use domain::cpf::Cpf;
use domain::id::{AlertId, ClientId, ConsentId};
use domain::role::Permission;
use domain::row::Client;

/// Hits of one search at most.
const MOST_HITS: u32 = 50;
/// Characters of a search that are looked at; nobody's name is longer.
const LONGEST_SEARCH: usize = 200;
/// Clients of one page.
const PAGE: usize = 100;

impl Engine {
    /// Finds clients by part of the name without accents, CPF, phone or birth date; at most `most`, never more than 50.
    ///
    /// # Errors
    /// When the console is locked or the database cannot be read.
    pub fn client_search(&self, text: String, most: u32) -> Result<Vec<ClientHit>, AppError> {
        let most = most.min(MOST_HITS) as usize;
        let typed: String = text.chars().take(LONGEST_SEARCH).collect();
        self.answer(Permission::ViewClients, |console, _| {
            let hits = console.read("client_search", |tx| tx.search_clients(&typed, most))?;
            Ok(hits.into_iter().map(hit_view).collect())
        })
    }

    /// A page of clients by name; `after` is the key that the page before ended with.
    ///
    /// # Errors
    /// When the console is locked, the key is not one, or the database cannot be read.
    pub fn clients_page(&self, after: Option<String>) -> Result<ClientPage, AppError> {
        let after = after.as_deref().map(read_page_key).transpose()?;
        self.answer(Permission::ViewClients, |console, _| {
            let after = after.as_ref().map(|(id, name)| (name.as_str(), *id));
            // One more than the page holds tells whether another page follows.
            let (mut page, total) = console.read("clients_page", |tx| {
                Ok((tx.clients_page(after, PAGE + 1)?, tx.client_count()?))
            })?;
            let more = page.len() > PAGE;
            page.truncate(PAGE);
            let next = page
                .last()
                .filter(|_| more)
                .map(|(name, hit)| page_key(hit.id, name));
            Ok(ClientPage {
                clients: page.into_iter().map(|(_, hit)| hit_view(hit)).collect(),
                next,
                total,
            })
        })
    }

    /// Contact data in full. The look is remembered before anything is shown.
    ///
    /// # Errors
    /// When the console is locked, the person may not, there is no such client, or the look cannot be remembered.
    pub fn client_reveal(&self, id: String) -> Result<ClientContact, AppError> {
        let id: ClientId = read("id", &id)?;
        self.answer(Permission::RevealClients, |console, session| {
            let client = console.client(id)?;
            console.audit(session.staff().id, "client_reveal", Some(id.as_bytes()))?;
            Ok(ClientContact {
                cpf: client.cpf.as_ref().map(Cpf::formatted),
                phone: client.phone.as_ref().map(Phone::formatted),
                email: client.email.as_ref().map(|email| email.as_str().to_owned()),
            })
        })
    }

    /// Takes down a consent. Of the text, its hash is kept.
    ///
    /// # Errors
    /// When the console is locked, the person may not, or the request cannot be read. A refusal by a rule is an outcome.
    pub fn consent_sign(&self, request: ConsentRequest) -> Result<Outcome, AppError> {
        if request.text.trim().is_empty() {
            return Err(AppError::invalid("text"));
        }
        self.perform(
            |console, _| {
                let id = ConsentId::make(&*console.config.clock, &*console.config.entropy);
                let action = SignConsent {
                    id,
                    client: read("client", &request.client_id)?,
                    purpose: request.purpose,
                    text_version: request.text_version,
                    text_hash: blake3::hash(request.text.as_bytes()).as_bytes().to_vec(),
                    signer: request.signer,
                };
                Ok((action.into(), id.to_string()))
            },
            Permission::ManageConsents,
        )
    }

    /// Takes down a consent's revocation.
    ///
    /// # Errors
    /// As [`Engine::consent_sign`].
    pub fn consent_revoke(&self, id: String) -> Result<Outcome, AppError> {
        let consent: ConsentId = read("id", &id)?;
        let action = RevokeConsent { id: consent };
        self.perform(
            move |_, _| Ok((action.into(), id)),
            Permission::ManageConsents,
        )
    }

    /// Raises a safety alert.
    ///
    /// # Errors
    /// As [`Engine::consent_sign`].
    pub fn alert_raise(&self, request: AlertRequest) -> Result<Outcome, AppError> {
        self.perform(
            |console, _| {
                let id = AlertId::make(&*console.config.clock, &*console.config.entropy);
                let action = RaiseAlert {
                    id,
                    client: read("client", &request.client_id)?,
                    severity: request.severity,
                    text: request.text,
                };
                Ok((action.into(), id.to_string()))
            },
            Permission::RecordClinical,
        )
    }

    /// Ends a safety alert.
    ///
    /// # Errors
    /// As [`Engine::consent_sign`].
    pub fn alert_end(&self, id: String) -> Result<Outcome, AppError> {
        let alert: AlertId = read("id", &id)?;
        let action = EndAlert { id: alert };
        self.perform(
            move |_, _| Ok((action.into(), id)),
            Permission::RecordClinical,
        )
    }
}

impl Console {
    /// A client's own data.
    pub(crate) fn client(&self, id: ClientId) -> Result<Client, AppError> {
        self.read("client", |tx| tx.get::<Client>(id))?
            .ok_or_else(|| AppError::not_found("client"))
    }
}

/// A client in a list, numbers masked.
pub(crate) fn hit_view(hit: store::search::ClientHit) -> ClientHit {
    let civil_name = hit.social_name.is_some().then(|| hit.name.clone());
    let name = hit.social_name.unwrap_or(hit.name);
    ClientHit {
        id: hit.id.to_string(),
        civil_name: civil_name.filter(|civil| *civil != name),
        name,
        birth_date: hit.birth_date.map(iso),
        cpf_masked: hit.cpf.as_ref().map(Cpf::masked),
        phone_masked: hit.phone.as_ref().map(Phone::masked),
        alerts: hit.alerts,
    }
}

/// A client's e-mail address as screens show it.
pub(crate) fn masked_email(client: &Client) -> Option<String> {
    client.email.as_ref().map(Email::masked)
}

/// The key of the page after this client: identity and sort key.
fn page_key(id: ClientId, sort_key: &str) -> String {
    format!("{id} {sort_key}")
}

fn read_page_key(key: &str) -> Result<(ClientId, String), AppError> {
    let (id, name) = key
        .split_once(' ')
        .ok_or_else(|| AppError::invalid("after"))?;
    Ok((read("after", id)?, name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Day;
    use uuid::Uuid;

    fn hit() -> store::search::ClientHit {
        store::search::ClientHit {
            id: ClientId(Uuid::from_u128(1)),
            name: "João Prado".to_owned(),
            social_name: Some("Joana Prado".to_owned()),
            cpf: Cpf::parse("529.982.247-25").ok(),
            phone: Phone::parse("(11) 91234-5678").ok(),
            birth_date: Some(Day(0)),
            alerts: 1,
        }
    }

    #[test]
    fn lists_call_people_by_their_name_and_mask_their_numbers() {
        let view = hit_view(hit());
        assert_eq!(
            (view.name.as_str(), view.civil_name.as_deref()),
            ("Joana Prado", Some("João Prado"))
        );
        assert_eq!(view.cpf_masked.as_deref(), Some("***.982.247-**"));
        assert_eq!(view.phone_masked.as_deref(), Some("(11) *****-5678"));
        let plain = hit_view(store::search::ClientHit {
            social_name: None,
            ..hit()
        });
        assert_eq!(
            (plain.name.as_str(), plain.civil_name),
            ("João Prado", None)
        );
    }

    #[test]
    fn a_page_key_leads_back_to_where_it_came_from() {
        let id = ClientId(Uuid::from_u128(7));
        assert_eq!(
            read_page_key(&page_key(id, "ana de souza")).unwrap(),
            (id, "ana de souza".to_owned())
        );
        assert!(read_page_key("ana").is_err() && read_page_key("").is_err());
    }
}
