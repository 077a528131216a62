//! Warming: what today's clients' visits will need is assembled before anybody asks.

use crate::console::Console;
use crate::error::AppError;
use crate::session::Session;
use domain::role::{Permission, allows};
use std::sync::Arc;

/// Profiles warmed at most: a full day of the busiest clinic.
const MOST_PROFILES: usize = 200;

impl Console {
    /// Fills the caches with what today needs, off the caller's thread. Stops when the person leaves.
    pub(crate) fn warm(&self, session: &Arc<Session>) {
        let (Some(me), session) = (self.me.upgrade(), Arc::clone(session)) else {
            return;
        };
        let spawned = std::thread::Builder::new()
            .name("espelho-warm".to_owned())
            .spawn(move || {
                for name in ["catalogue", "client_profiles"] {
                    if let Err(error) = me.warm_cache(name, &session) {
                        tracing::warn!(code = %error.code, cache = name, "a cache was not warmed");
                    }
                }
            });
        match spawned {
            Ok(thread) => self.keep_thread(thread),
            Err(error) => tracing::warn!(%error, "the caches were not warmed"),
        }
    }

    /// Fills one cache for a person at work.
    pub(crate) fn warm_cache(&self, name: &str, session: &Session) -> Result<(), AppError> {
        match name {
            "catalogue" => self.catalogue(session).map(drop),
            "client_profiles" => self.warm_profiles(session),
            "photos" => self.warm_photos(session),
            "analytics" => self.photo_totals().map(drop),
            _ => Err(AppError::not_found("cache")),
        }
    }

    fn warm_profiles(&self, session: &Session) -> Result<(), AppError> {
        if !allows(&session.staff().roles, Permission::ViewClients) {
            return Ok(());
        }
        let today = self.today(&*self.the_clinic()?);
        let clients = self.read("clients_of_day", |tx| tx.clients_of_day(today))?;
        for client in clients.into_iter().take(MOST_PROFILES) {
            if !self.seat().is_at_work(session) {
                break;
            }
            self.profile(client, session)?;
        }
        Ok(())
    }
}
