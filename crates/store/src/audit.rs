//! The audit chain: who did what, append-only, each entry hashed with the one before it.

use crate::column::Column as _;
use crate::table::column;
use crate::{StoreError, Tx};
use domain::id::StaffId;
use domain::time::Timestamp;
use rusqlite::{OptionalExtension as _, params};

/// Something to be remembered.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// When.
    pub at: Timestamp,
    /// Who; nobody for what the console does by itself.
    pub actor: Option<StaffId>,
    /// An action's `name@version` or an event's code: `client_reveal`, `record_read`, `locked`, `denied`.
    pub what: &'a str,
    /// Whom or what it was about, as a keyed pseudonym, so that erasure never breaks the chain.
    pub subject: Option<&'a [u8]>,
    /// Hash of what proves it, for example the signed envelope.
    pub evidence: Option<&'a [u8]>,
}

/// What a walk along the chain found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chain {
    /// Every link holds.
    Whole {
        /// Entries.
        entries: u64,
    },
    /// An entry does not continue the one before it: something was changed, taken out or put in.
    Broken {
        /// The first such entry.
        number: u64,
    },
}

fn link(previous: &[u8], number: i64, entry: &Entry<'_>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("espelho 2026 audit chain");
    let actor = entry.actor.map(|actor| actor.0.into_bytes());
    let parts: [&[u8]; 7] = [
        previous,
        &number.to_le_bytes(),
        &entry.at.0.to_le_bytes(),
        actor.as_ref().map_or(&[], <[u8; 16]>::as_slice),
        entry.what.as_bytes(),
        entry.subject.unwrap_or_default(),
        entry.evidence.unwrap_or_default(),
    ];
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

impl Tx<'_> {
    /// Appends an entry.
    pub fn audit(&mut self, entry: &Entry<'_>) -> Result<(), StoreError> {
        let last: Option<(i64, Vec<u8>)> = self
            .connection
            .prepare_cached("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (number, previous) = last.map_or((1, Vec::new()), |(number, hash)| (number + 1, hash));
        self.connection
            .prepare_cached("INSERT INTO audit (number, at, actor, what, subject, evidence, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![
                number,
                entry.at.to_column(),
                entry.actor.to_column(),
                entry.what,
                entry.subject,
                entry.evidence,
                link(&previous, number, entry),
            ])?;
        Ok(())
    }

    /// Walks the whole chain.
    pub fn audit_chain(&self) -> Result<Chain, StoreError> {
        let sql =
            "SELECT number, at, actor, what, subject, evidence, hash FROM audit ORDER BY number";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let (mut entries, mut previous) = (0_i64, Vec::new());
        while let Some(row) = rows.next()? {
            let (number, what): (i64, String) = (row.get(0)?, row.get(3)?);
            let (subject, evidence): (Option<Vec<u8>>, Option<Vec<u8>>) =
                (row.get(4)?, row.get(5)?);
            let hash: Vec<u8> = row.get(6)?;
            let entry = Entry {
                at: column(row, 1)?,
                actor: column(row, 2)?,
                what: &what,
                subject: subject.as_deref(),
                evidence: evidence.as_deref(),
            };
            entries += 1;
            if number != entries || link(&previous, number, &entry) != hash.as_slice() {
                return Ok(Chain::Broken {
                    number: u64::try_from(number).unwrap_or(0),
                });
            }
            previous = hash;
        }
        Ok(Chain::Whole {
            entries: u64::try_from(entries).unwrap_or(0),
        })
    }
}
