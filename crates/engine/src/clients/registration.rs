//! Registering clients and correcting their data, from the texts people typed.

use crate::act::{Stopped, code};
use crate::clients::hit_view;
use crate::console::Console;
use crate::core::Engine;
use crate::error::AppError;
use crate::profile::revision;
use crate::reading::read;
use crate::session::Session;
use crate::view::clients::{EditRequest, FieldProblem, RegisterOutcome, RegisterRequest};
use domain::action::{Action, ClientEdit, EditClient, RegisterClient};
use domain::contact::{Email, Phone};
use domain::cpf::Cpf;
use domain::id::ClientId;
use domain::rejection::Rejection;
use domain::role::Permission;
use domain::row::Client;
use domain::time::Day;

/// Characters of a name at most, as the rule has it.
const LONGEST_NAME: usize = 160;
/// Nobody who can come was born before 1900-01-01.
const EARLIEST_BIRTH: Day = Day(-25_567);

/// Why a typed text is not taken, as a code that the interface has words for.
type Problem = &'static str;

impl Engine {
    /// Registers a client. Whoever has the CPF already is found here, with or without the server.
    ///
    /// # Errors
    /// When the console is locked, the person may not, or the database fails.
    pub fn client_register(&self, request: RegisterRequest) -> Result<RegisterOutcome, AppError> {
        let seated = self.seated(Permission::EditClients)?;
        let (console, session) = (&*seated.console, &*seated.session);
        let today = console.today(&*console.the_clinic()?);
        let id = ClientId::make(&*console.config.clock, &*console.config.entropy);
        match registration(id, &request, today) {
            Ok(action) => console.take_client(session, id, Action::RegisterClient(action)),
            Err(problems) => Ok(RegisterOutcome::Invalid { problems }),
        }
    }

    /// Corrects one field. Refused as changed when the client's data are no longer what the person saw.
    ///
    /// # Errors
    /// As [`Engine::client_register`], and when there is no such client or field.
    pub fn client_edit(&self, request: EditRequest) -> Result<RegisterOutcome, AppError> {
        let seated = self.seated(Permission::EditClients)?;
        let (console, session) = (&*seated.console, &*seated.session);
        let id: ClientId = read("id", &request.id)?;
        let today = console.today(&*console.the_clinic()?);
        let client = console.client(id)?;
        let field = request.field.as_str();
        match correction(
            &client,
            field,
            request.value.as_deref().unwrap_or(""),
            today,
        ) {
            None => Err(AppError::invalid("field")),
            Some(Err(problem)) => Ok(RegisterOutcome::Invalid {
                problems: vec![field_problem(field, problem)],
            }),
            Some(Ok(_)) if revision(&client) != request.revision => Ok(RegisterOutcome::Changed {
                field: request.field,
            }),
            Some(Ok(None)) => Ok(RegisterOutcome::Done {
                id: request.id,
                provisional: false,
            }),
            Some(Ok(Some(edit))) => {
                let edits = vec![edit];
                console.take_client(session, id, Action::EditClient(EditClient { id, edits }))
            }
        }
    }
}

impl Console {
    fn take_client(
        &self,
        session: &Session,
        id: ClientId,
        action: Action,
    ) -> Result<RegisterOutcome, AppError> {
        let sign = |bytes: &[u8]| session.sign(bytes);
        match self.take_in(session.staff().id, &sign, &[action]) {
            Ok(done) => Ok(RegisterOutcome::Done {
                id: id.to_string(),
                provisional: done.iter().any(|one| one.effects.provisional),
            }),
            Err(Stopped::Refused(reason)) => self.not_taken(reason),
            Err(Stopped::Failed(error)) => Err(error),
        }
    }

    /// A refusal in the form that the form shows beside its fields.
    fn not_taken(&self, reason: Rejection) -> Result<RegisterOutcome, AppError> {
        match reason {
            Rejection::DuplicateCpf { existing } => {
                let existing = self
                    .read("client", |tx| tx.client_hit(existing))?
                    .ok_or_else(|| AppError::not_found("client"))?;
                Ok(RegisterOutcome::Duplicate {
                    existing: hit_view(existing),
                })
            }
            Rejection::ChangedMeanwhile { field } => Ok(RegisterOutcome::Changed { field }),
            Rejection::Invalid { field } => Ok(RegisterOutcome::Invalid {
                problems: vec![field_problem(&field, "invalid")],
            }),
            other => Err(AppError::new(code(&other), other.to_string())),
        }
    }
}

fn field_problem(field: &str, problem: Problem) -> FieldProblem {
    FieldProblem {
        field: field.to_owned(),
        code: problem.to_owned(),
    }
}

/// The action of a filled-in form, or everything that is wrong with it at once.
fn registration(
    id: ClientId,
    request: &RegisterRequest,
    today: Day,
) -> Result<RegisterClient, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let mut note = |field: &str, problem: Problem| problems.push(field_problem(field, problem));
    let name = required_name(&request.name)
        .map_err(|problem| note("name", problem))
        .ok();
    let social_name =
        optional_name(typed(&request.social_name)).map_err(|problem| note("social_name", problem));
    let cpf = optional(typed(&request.cpf), read_cpf).map_err(|problem| note("cpf", problem));
    let phone =
        optional(typed(&request.phone), read_phone).map_err(|problem| note("phone", problem));
    let email =
        optional(typed(&request.email), read_email).map_err(|problem| note("email", problem));
    let birth_date = optional(typed(&request.birth_date), |text| read_birth(text, today))
        .map_err(|problem| note("birth_date", problem));
    match (name, social_name, cpf, phone, email, birth_date) {
        (Some(name), Ok(social_name), Ok(cpf), Ok(phone), Ok(email), Ok(birth_date)) => {
            Ok(RegisterClient {
                id,
                name,
                social_name: social_name.filter(|social| *social != request.name.trim()),
                cpf,
                phone,
                email,
                birth_date,
            })
        }
        _ => Err(problems),
    }
}

/// The edit of one field to what was typed: outer `None` when there is no such field, inner `None` when it says the same
/// already.
fn correction(
    client: &Client,
    field: &str,
    text: &str,
    today: Day,
) -> Option<Result<Option<ClientEdit>, Problem>> {
    let text = text.trim();
    macro_rules! edit {
        ($edit:ident, $held:expr, $read:expr) => {
            $read.map(|to| {
                let from = $held.clone();
                (from != to).then_some(ClientEdit::$edit { from, to })
            })
        };
    }
    Some(match field {
        "name" => edit!(Name, client.name, required_name(text)),
        "social_name" => edit!(SocialName, client.social_name, optional_name(text)),
        "cpf" => edit!(Cpf, client.cpf, optional(text, read_cpf)),
        "phone" => edit!(Phone, client.phone, optional(text, read_phone)),
        "email" => edit!(Email, client.email, optional(text, read_email)),
        "birth_date" => edit!(
            BirthDate,
            client.birth_date,
            optional(text, |text| read_birth(text, today))
        ),
        _ => return None,
    })
}

fn typed(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or("").trim()
}

fn optional<T>(
    text: &str,
    read: impl FnOnce(&str) -> Result<T, Problem>,
) -> Result<Option<T>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    read(text).map(Some)
}

fn required_name(text: &str) -> Result<String, Problem> {
    optional_name(text.trim())?.ok_or("required")
}

fn optional_name(text: &str) -> Result<Option<String>, Problem> {
    optional(text, |text| {
        if text.chars().count() > LONGEST_NAME {
            Err("too_long")
        } else if text.chars().any(char::is_control) {
            Err("invalid")
        } else {
            Ok(text.to_owned())
        }
    })
}

fn read_cpf(text: &str) -> Result<Cpf, Problem> {
    Cpf::parse(text).map_err(|_| "cpf")
}

fn read_phone(text: &str) -> Result<Phone, Problem> {
    Phone::parse(text).map_err(|_| "phone")
}

fn read_email(text: &str) -> Result<Email, Problem> {
    Email::parse(text).map_err(|_| "email")
}

fn read_birth(text: &str, today: Day) -> Result<Day, Problem> {
    match text.parse::<Day>() {
        Ok(day) if (EARLIEST_BIRTH..=today).contains(&day) => Ok(day),
        _ => Err("birth_date"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::StaffId;
    use domain::time::Timestamp;
    use uuid::Uuid;

    const TODAY: Day = Day(20_700);

    fn id() -> ClientId {
        ClientId(Uuid::from_u128(1))
    }

    fn client() -> Client {
        Client {
            id: id(),
            name: "Ana Souza".to_owned(),
            social_name: None,
            cpf: Cpf::parse("529.982.247-25").ok(),
            phone: None,
            email: None,
            birth_date: None,
            registered_at: Timestamp(1),
            registered_by: StaffId(Uuid::from_u128(2)),
        }
    }

    #[test]
    fn everything_wrong_with_a_form_is_said_at_once() {
        let request = RegisterRequest {
            name: "  ".to_owned(),
            social_name: Some("x".repeat(161)),
            cpf: Some("529.982.247-26".to_owned()),
            phone: Some("91234".to_owned()),
            email: Some("ana@".to_owned()),
            birth_date: Some("2999-01-01".to_owned()),
        };
        let problems = registration(id(), &request, TODAY).unwrap_err();
        let said: Vec<(&str, &str)> = problems
            .iter()
            .map(|one| (one.field.as_str(), one.code.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                ("name", "required"),
                ("social_name", "too_long"),
                ("cpf", "cpf"),
                ("phone", "phone"),
                ("email", "email"),
                ("birth_date", "birth_date"),
            ]
        );
    }

    #[test]
    fn only_the_name_is_needed_and_blanks_are_nothing() {
        let request = RegisterRequest {
            name: " Ana Souza ".to_owned(),
            social_name: Some("Ana Souza".to_owned()),
            cpf: Some(" ".to_owned()),
            phone: None,
            email: Some(String::new()),
            birth_date: None,
        };
        let action = registration(id(), &request, TODAY).unwrap();
        assert_eq!(
            (action.name.as_str(), action.social_name),
            ("Ana Souza", None)
        );
        assert!(action.cpf.is_none() && action.email.is_none());
    }

    #[test]
    fn birth_dates_lie_between_1900_and_today() {
        assert_eq!(EARLIEST_BIRTH, "1900-01-01".parse().unwrap());
        for wrong in ["1899-12-31", "1990-02-30", "21/05/1990", "2026-09-05"] {
            assert_eq!(read_birth(wrong, TODAY), Err("birth_date"), "{wrong}");
        }
        assert!(read_birth("2026-09-04", TODAY).is_ok(), "{TODAY}");
    }

    #[test]
    fn a_correction_carries_what_was_there_and_emptiness_removes() {
        let client = client();
        let removed = correction(&client, "cpf", " ", TODAY)
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!(
            removed,
            ClientEdit::Cpf {
                from: client.cpf.clone(),
                to: None
            }
        );
        assert_eq!(
            correction(&client, "name", "", TODAY),
            Some(Err("required"))
        );
        assert_eq!(
            correction(&client, "name", "Ana Souza ", TODAY),
            Some(Ok(None))
        );
        assert_eq!(correction(&client, "shoe_size", "38", TODAY), None);
    }

    #[test]
    fn the_revision_changes_with_any_field() {
        let before = revision(&client());
        let mut other = client();
        other.phone = Phone::parse("11912345678").ok();
        assert_ne!(before, revision(&other));
        assert_eq!(before, revision(&client()));
    }
}
