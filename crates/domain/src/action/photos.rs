//! Photos and their renditions.

use super::clinical::tick;
use super::{Actor, Apply, Effects, Refusal, checked_text, need, need_absent};
use crate::id::PhotoId;
use crate::read::{Read, ReadSet, WorkingSet};
use crate::rejection::Rejection;
use crate::role::Permission;
use crate::row::{Client, ClientKeyGrant, Photo, PhotoPhase, Rendition, VisitTicks};
use serde::{Deserialize, Serialize};

/// Adds a photo.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AddPhoto {
    /// The new photo, with its first thumbnail as the only rendition. Who imported it and when are the actor's.
    pub photo: Photo,
}

impl Apply for AddPhoto {
    const NEEDS: Permission = Permission::AddPhotos;

    fn footprint(&self) -> ReadSet {
        let reads = ReadSet::new()
            .row(self.photo.id)
            .row(self.photo.client)
            .row(self.photo.client_key);
        match self.photo.appointment {
            Some(appointment) => reads.with(Read::Row(VisitTicks::key(appointment))),
            None => reads,
        }
    }

    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        need_absent::<Photo>(rows, self.photo.id)?;
        let client = need::<Client>(rows, self.photo.client)?;
        let key = need::<ClientKeyGrant>(rows, self.photo.client_key)?;
        if key
            .as_ref()
            .is_some_and(|key| key.client != self.photo.client)
        {
            return Err(Rejection::invalid("client_key").into());
        }
        if self.photo.thumbhash.len() > 32
            || self.photo.renditions.len() > 16
            || self.photo.sealed_details.len() > 8192
        {
            return Err(Rejection::invalid("photo").into());
        }
        let mut photo = self.photo.clone();
        photo.region = checked_text("region", &photo.region, 60)?;
        photo.view = checked_text("view", &photo.view, 60)?;
        photo.imported_by = actor.staff;
        photo.imported_at = actor.at;
        photo.withdrawn_at = None;
        let mut effects = Effects {
            changes: Vec::new(),
            provisional: client.is_none() || key.is_none(),
        };
        let appointment = photo.appointment;
        effects.put(photo);
        if let Some(appointment) = appointment {
            tick(rows, appointment, &mut effects, |ticks| ticks.photos = true)?;
        }
        Ok(effects)
    }
}

/// Adds renditions made after the import, narrowest first; one of the same width and format replaces the older.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AddRenditions {
    /// Of which photo.
    pub id: PhotoId,
    /// The new renditions.
    pub renditions: Vec<Rendition>,
}

impl Apply for AddRenditions {
    const NEEDS: Permission = Permission::AddPhotos;

    fn footprint(&self) -> ReadSet {
        ReadSet::new().row(self.id)
    }

    fn apply(&self, rows: &WorkingSet, _actor: Actor) -> Result<Effects, Refusal> {
        if self.renditions.is_empty() || self.renditions.len() > 16 {
            return Err(Rejection::invalid("renditions").into());
        }
        let Some(mut photo) = need::<Photo>(rows, self.id)? else {
            return Ok(Effects {
                changes: Vec::new(),
                provisional: true,
            });
        };
        for rendition in &self.renditions {
            photo
                .renditions
                .retain(|old| (old.width, old.format) != (rendition.width, rendition.format));
            photo.renditions.push(rendition.clone());
        }
        photo
            .renditions
            .sort_by_key(|rendition| (rendition.width, rendition.format));
        let mut effects = Effects::default();
        effects.put(photo);
        Ok(effects)
    }
}

/// Names a photo's region, view and phase.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TagPhoto {
    /// Which.
    pub id: PhotoId,
    /// Part of the body.
    pub region: String,
    /// Angle.
    pub view: String,
    /// Before or after.
    pub phase: PhotoPhase,
}

impl Apply for TagPhoto {
    const NEEDS: Permission = Permission::AddPhotos;

    fn footprint(&self) -> ReadSet {
        ReadSet::new().row(self.id)
    }

    fn apply(&self, rows: &WorkingSet, _actor: Actor) -> Result<Effects, Refusal> {
        let Some(mut photo) = need::<Photo>(rows, self.id)? else {
            return Ok(Effects {
                changes: Vec::new(),
                provisional: true,
            });
        };
        photo.region = checked_text("region", &self.region, 60)?;
        photo.view = checked_text("view", &self.view, 60)?;
        photo.phase = self.phase;
        let mut effects = Effects::default();
        effects.put(photo);
        Ok(effects)
    }
}

/// Takes back a photo put on the wrong client. The record stays; the picture is no longer shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct WithdrawPhoto {
    /// Which.
    pub id: PhotoId,
    /// `true` takes the photo back, `false` undoes that.
    pub withdrawn: bool,
}

impl Apply for WithdrawPhoto {
    const NEEDS: Permission = Permission::WithdrawPhotos;

    fn footprint(&self) -> ReadSet {
        ReadSet::new().row(self.id)
    }

    fn apply(&self, rows: &WorkingSet, actor: Actor) -> Result<Effects, Refusal> {
        let Some(mut photo) = need::<Photo>(rows, self.id)? else {
            return Ok(Effects {
                changes: Vec::new(),
                provisional: true,
            });
        };
        let mut effects = Effects::default();
        if photo.withdrawn_at.is_some() != self.withdrawn {
            photo.withdrawn_at = self.withdrawn.then_some(actor.at);
            effects.put(photo);
        }
        Ok(effects)
    }
}
