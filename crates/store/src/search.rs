//! Finding clients as people ask for them: part of the name in any order and without accents, CPF with or without
//! punctuation, phone with or without area code, birth date.
//!
//! Everything is one full-text index of folded words; digits are words too (CPF, the phone in its usual forms, the birth
//! date in both orders). Ranking by relevance over thousands of matches costs milliseconds and tells little for names, so
//! names that *begin* with what was typed come first, from an ordinary index, and the rest in the order of registration.

use crate::column::Column as _;
use crate::fold::{digits, fold};
use crate::table::column;
use crate::{StoreError, Tx};
use domain::contact::Phone;
use domain::cpf::Cpf;
use domain::id::ClientId;
use domain::row::Client;
use domain::time::Day;
use rusqlite::{Connection, OptionalExtension as _, params};

/// A client as a list shows it; assembled from one table.
#[derive(Clone, PartialEq, Debug)]
pub struct ClientHit {
    /// Who.
    pub id: ClientId,
    /// Civil name.
    pub name: String,
    /// Name to be called by.
    pub social_name: Option<String>,
    /// CPF.
    pub cpf: Option<Cpf>,
    /// Telephone.
    pub phone: Option<Phone>,
    /// Day of birth.
    pub birth_date: Option<Day>,
    /// Active safety alerts.
    pub alerts: u32,
}

pub(crate) const HIT: &str = "c.id, c.name, c.social_name, c.cpf, c.phone, c.birth_date, \
     (SELECT count(*) FROM alert a WHERE a.client = c.id AND a.ended_at IS NULL)";

pub(crate) fn read_hit(row: &rusqlite::Row<'_>) -> rusqlite::Result<ClientHit> {
    Ok(ClientHit {
        id: column(row, 0)?,
        name: column(row, 1)?,
        social_name: column(row, 2)?,
        cpf: column(row, 3)?,
        phone: column(row, 4)?,
        birth_date: column(row, 5)?,
        alerts: column(row, 6)?,
    })
}

/// Sort and prefix key of a client: the folded name they are called by.
pub(crate) fn sort_key(client: &Client) -> String {
    fold(client.display_name())
}

/// Every word a client is found by.
pub(crate) fn words(client: &Client) -> String {
    let mut words = vec![fold(&client.name)];
    words.extend(client.social_name.as_deref().map(fold));
    words.extend(client.cpf.as_ref().map(|cpf| cpf.digits().to_owned()));
    if let Some(phone) = &client.phone {
        let all = phone.digits();
        words.push(all.to_owned());
        if let Some(national) = all.strip_prefix("55").filter(|rest| rest.len() >= 10) {
            // With area code, without it, and the last eight and four digits, as people remember them.
            let subscriber = &national[2..];
            words.extend(
                [
                    national,
                    subscriber,
                    &national[national.len() - 8..],
                    &national[national.len() - 4..],
                ]
                .map(str::to_owned),
            );
        }
    }
    if let Some(day) = client.birth_date {
        let date = day.date();
        words.push(format!(
            "{:02}{:02}{:04}",
            date.day(),
            date.month(),
            date.year()
        ));
        words.push(format!(
            "{:04}{:02}{:02}",
            date.year(),
            date.month(),
            date.day()
        ));
    }
    words.join(" ")
}

/// Adds a client's words.
pub(crate) fn add(connection: &Connection, client: &Client) -> rusqlite::Result<()> {
    let number = number(connection, client.id)?;
    connection
        .prepare_cached("INSERT INTO client_search (rowid, words) VALUES (?1, ?2)")?
        .execute(params![number, words(client)])
        .map(drop)
}

/// Takes a client's words out, before the row changes or goes.
pub(crate) fn remove(connection: &Connection, client: &Client) -> rusqlite::Result<()> {
    let number = number(connection, client.id)?;
    connection
        .prepare_cached("DELETE FROM client_search WHERE rowid = ?1")?
        .execute([number])
        .map(drop)
}

fn number(connection: &Connection, id: ClientId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT number FROM client WHERE id = ?1")?
        .query_row([id.to_column()], |row| row.get(0))
        .optional()
}

/// The full-text query of what was typed: every word as a prefix, all of them. `None` when nothing can be asked.
fn query(typed: &str) -> Option<String> {
    let only_numbers = typed
        .chars()
        .all(|c| c.is_ascii_digit() || c.is_whitespace() || ".-/()+".contains(c));
    let asked: Vec<String> = if only_numbers {
        vec![digits(typed)]
    } else {
        // A number inside a text keeps together what punctuation splits: `ana 529.982`.
        typed
            .split_whitespace()
            .flat_map(|word| {
                if word.starts_with(|c: char| c.is_ascii_digit() || c == '(') {
                    vec![digits(word)]
                } else {
                    fold(word).split(' ').map(str::to_owned).collect()
                }
            })
            .collect()
    };
    let terms: Vec<String> = asked
        .iter()
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{word}\"*"))
        .collect();
    (!terms.is_empty()).then(|| terms.join(" "))
}

impl Tx<'_> {
    /// Clients that fit what was typed, best first, at most `most`.
    pub fn search_clients(&self, typed: &str, most: usize) -> Result<Vec<ClientHit>, StoreError> {
        let Some(query) = query(typed) else {
            return Ok(Vec::new());
        };
        let mut hits = Vec::new();
        let folded = fold(typed);
        let has_digits = typed.chars().any(|c| c.is_ascii_digit());
        if !has_digits && !folded.is_empty() {
            let sql = format!(
                "SELECT {HIT} FROM client c WHERE c.folded >= ?1 AND c.folded < ?2 ORDER BY c.folded, c.id LIMIT ?3"
            );
            let mut statement = self.connection.prepare_cached(&sql)?;
            let end = format!("{folded}{{");
            let found = statement.query_map(params![folded, end, most as i64], read_hit)?;
            hits = found.collect::<rusqlite::Result<Vec<_>>>()?;
        }
        if hits.len() < most {
            let sql = format!(
                "SELECT {HIT} FROM client c JOIN (SELECT rowid AS number FROM client_search WHERE client_search MATCH ?1 LIMIT ?2) \
                 found USING (number)"
            );
            let mut statement = self.connection.prepare_cached(&sql)?;
            let wanted = (most + hits.len()) as i64;
            let found = statement
                .query_map(params![query, wanted], read_hit)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            for hit in found {
                if hits.len() < most && !hits.iter().any(|held| held.id == hit.id) {
                    hits.push(hit);
                }
            }
        }
        Ok(hits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_becomes_prefixes_of_all_words() {
        assert_eq!(query("Silva már").unwrap(), "\"silva\"* \"mar\"*");
        assert_eq!(query("529.982.247-25").unwrap(), "\"52998224725\"*");
        assert_eq!(query("(11) 91234-5678").unwrap(), "\"11912345678\"*");
        assert_eq!(query("ana 21/05").unwrap(), "\"ana\"* \"2105\"*");
        assert_eq!(query("  "), None);
        assert_eq!(query("\"*"), None);
    }
}
