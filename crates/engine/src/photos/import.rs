//! Beginning an import: what needs the person's keys is done here, at once, so that everything else can go on without them.

use super::journal::{JOURNAL, JournalBatch, JournalFile, Left};
use super::progress::{Batch, Place};
use super::queue::{FreshFile, Signer};
use super::take::Order;
use crate::console::Console;
use crate::core::Engine;
use crate::error::AppError;
use crate::reading::{read, read_if};
use crate::session::{Seated, Session};
use crate::view::photos::{ImportRequest, ImportView};
use domain::action::GrantClientKey;
use domain::id::{ClientId, ClientKeyId, ImportId, PhotoId};
use domain::read::{Answer, Read};
use domain::role::Permission;
use domain::row::{Client, ClientKeyGrant, Row};
use domain::store_port::{ReplicaStore as _, RowStore as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use vault::clinical::{ClinicalPublic, seal_client_key, wrap_photo_key};
use vault::key::{ClientKey, PhotoKey};

/// Files of one batch at most.
const MOST_FILES: usize = 2000;
/// Characters of a region or view, as the action allows.
const LONGEST_TAG: usize = 60;

/// A photo that a file is to become, with its key.
struct Minted {
    photo: PhotoId,
    key: PhotoKey,
    wrapped: Vec<u8>,
}

impl Engine {
    /// Begins to take files in and returns at once. Each file fails or succeeds on its own; the import goes on when the
    /// console is locked.
    ///
    /// # Errors
    /// When the person may not add photos or holds no clinical key, the client does not exist here, a tag is empty or too
    /// long, or nothing can be written.
    pub fn photos_import(&self, request: ImportRequest) -> Result<ImportView, AppError> {
        let Seated { console, session } = self.seated(Permission::AddPhotos)?;
        if !session.opens_clinical() {
            return Err(AppError::new(
                "no_clinical_key",
                "this person has not been given the clinical key yet; a manager can give it",
            ));
        }
        console.begin_import(&session, request)
    }

    /// Imports under way, just finished, and what earlier runs left. Failures that an earlier run left are told until
    /// somebody has asked.
    ///
    /// # Errors
    /// When the person may not add photos.
    pub fn photos_imports(&self) -> Result<Vec<ImportView>, AppError> {
        self.answer(Permission::AddPhotos, |console, _| {
            let shared = &console.imports.shared;
            let views = shared.batches.views();
            shared.note(&console.store, super::journal::Journal::told)?;
            Ok(views)
        })
    }
}

impl Console {
    fn begin_import(
        &self,
        session: &Session,
        request: ImportRequest,
    ) -> Result<ImportView, AppError> {
        if request.paths.is_empty() || request.paths.len() > MOST_FILES {
            return Err(AppError::invalid("paths"));
        }
        let client: ClientId = read("client", &request.client_id)?;
        if self
            .read("client", |tx| tx.get::<Client>(client))?
            .is_none()
        {
            return Err(AppError::not_found("client"));
        }
        let appointment = read_if("appointment", request.appointment_id.as_deref())?;
        let (region, view) = (tag("region", &request.region)?, tag("view", &request.view)?);
        let (client_key, grant, minted) = self.mint(session, client, request.paths.len())?;
        let order = Arc::new(Order {
            client,
            appointment,
            region,
            view,
            phase: request.phase,
            client_key,
            grant: Mutex::new(grant),
            signer: Arc::new(Signer {
                staff: session.staff().id,
                key: session.signing_key()?,
            }),
        });
        let batch = ImportId::make(&*self.config.clock, &*self.config.entropy);
        let files: Vec<FreshFile> = (request.paths.iter().zip(minted).enumerate())
            .map(|(at, (path, minted))| FreshFile {
                place: Place { batch, at },
                name: name_of(Path::new(path)),
                path: PathBuf::from(path),
                photo: minted.photo,
                key: minted.key,
                wrapped: minted.wrapped,
                order: Arc::clone(&order),
            })
            .collect();
        self.start_import(batch, client, files)
    }

    /// Writes the batch down and hands it to the thread.
    fn start_import(
        &self,
        batch: ImportId,
        client: ClientId,
        files: Vec<FreshFile>,
    ) -> Result<ImportView, AppError> {
        let shared = &self.imports.shared;
        let left = |file: &FreshFile| JournalFile {
            name: file.name.clone(),
            photo: file.photo,
            left: Left::Everything,
        };
        let noted = JournalBatch {
            id: batch,
            client,
            files: files.iter().map(left).collect(),
        };
        shared.with_journal(
            |journal| journal.batches.push(noted),
            |bytes| self.store.write(|tx| tx.state_put(JOURNAL, bytes)),
        )?;
        let view = shared.batches.add(Batch::waiting(
            batch,
            client,
            files.iter().map(|file| file.name.clone()),
        ));
        shared.add_fresh(files);
        self.imports.work(self)?;
        shared.tell(self);
        Ok(view)
    }

    /// Keys for so many photos of a client, wrapped under the newest key of the client. A client who has none yet gets one,
    /// which is to be granted with the first photo.
    fn mint(
        &self,
        session: &Session,
        client: ClientId,
        count: usize,
    ) -> Result<(ClientKeyId, Option<GrantClientKey>, Vec<Minted>), AppError> {
        let (clock, entropy) = (&*self.config.clock, &*self.config.entropy);
        let mint = |client_key: &ClientKey| {
            let one = |_| {
                let (photo, key) = (PhotoId::make(clock, entropy), PhotoKey::make(entropy));
                let wrapped = wrap_photo_key(client_key, photo, &key, entropy);
                Minted {
                    photo,
                    key,
                    wrapped,
                }
            };
            (0..count).map(one).collect()
        };
        if let Some(grant) = self.newest_grant(client)? {
            let minted = session.with_client_key(&grant, mint)?;
            return Ok((grant.id, None, minted));
        }
        let clinical = ClinicalPublic::from_bytes(&self.the_clinic()?.profile.clinical_public)?;
        let (id, key) = (ClientKeyId::make(clock, entropy), ClientKey::make(entropy));
        let sealed = seal_client_key(&clinical, client, id, &key, entropy);
        Ok((id, Some(GrantClientKey { id, client, sealed }), mint(&key)))
    }

    fn newest_grant(&self, client: ClientId) -> Result<Option<ClientKeyGrant>, AppError> {
        let answer = self.read("client_keys", |tx| tx.read(&Read::ClientKeys(client)))?;
        let Answer::Known(rows) = answer else {
            return Ok(None);
        };
        Ok(rows.into_iter().rev().find_map(|row| match row {
            Row::ClientKeyGrant(grant) => Some(grant),
            _ => None,
        }))
    }
}

/// A tag as the action takes it: refused here, once, rather than for every file.
fn tag(field: &str, text: &str) -> Result<String, AppError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_TAG || text.chars().any(char::is_control) {
        return Err(AppError::invalid(field));
    }
    Ok(text.to_owned())
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
