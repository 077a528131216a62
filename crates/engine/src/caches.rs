//! The console's caches: assembled views, which cost several queries, and opened pictures, which cost decryption. Rows are
//! not cached: a warm encrypted read costs about as much as a lookup.
//!
//! Views are stamped with the store's generation and keyed by what the asker's roles let them see, so a view assembled for
//! one role is never served to another. All of them are emptied when the console is locked.

use crate::cache::{Cache, CacheCounts, Weigh};
use crate::preset::{CacheSize, Preset};
use crate::view::catalogue::CatalogueView;
use crate::view::clients::ClientProfile;
use domain::blob::BlobId;
use domain::id::ClientId;
use domain::role::{Permission, Role};
use store::query::PhotoTotals;

/// What a view contains depends on these permissions.
const SHAPING: [Permission; 4] = [
    Permission::ViewClinical,
    Permission::ViewPhotos,
    Permission::TakePayments,
    Permission::ManageStock,
];

/// The permissions of a person that shape what a view contains.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Sight(u8);

impl Sight {
    /// What these roles see.
    pub(crate) fn of(roles: &[Role]) -> Self {
        let bits = SHAPING
            .iter()
            .enumerate()
            .filter(|(_, permission)| domain::role::allows(roles, **permission))
            .fold(0, |bits, (at, _)| bits | 1 << at);
        Self(bits)
    }
}

/// A sum over the whole database.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Aggregate {
    /// Over all photos.
    Photos(PhotoTotals),
}

/// Names of [`Aggregate`]s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum AggregateName {
    /// Over all photos.
    Photos,
}

/// An opened rendition.
#[derive(Clone, Debug)]
pub(crate) struct OpenedPicture {
    /// Encoded picture.
    pub(crate) bytes: Vec<u8>,
}

impl Weigh for OpenedPicture {
    fn weigh(&self) -> u64 {
        self.bytes.len() as u64
    }
}

impl Weigh for Aggregate {
    fn weigh(&self) -> u64 {
        size_of::<Self>() as u64
    }
}

impl Weigh for ClientProfile {
    fn weigh(&self) -> u64 {
        let texts: usize = self
            .alerts
            .iter()
            .map(|alert| alert.text.len() + 60)
            .sum::<usize>()
            + self
                .consents
                .iter()
                .map(|consent| consent.signer.len() + 100)
                .sum::<usize>()
            + self.photos.len() * 260;
        (size_of::<Self>() + 200 + texts) as u64
    }
}

impl Weigh for CatalogueView {
    fn weigh(&self) -> u64 {
        (self.treatments.len() * 320
            + self.rooms.len() * 90
            + self.staff.len() * 260
            + self.lots.len() * 200) as u64
    }
}

/// All caches.
pub(crate) struct Caches {
    /// Client profiles by client and sight.
    pub(crate) profiles: Cache<(ClientId, Sight), ClientProfile>,
    /// The catalogue by sight.
    pub(crate) catalogue: Cache<Sight, CatalogueView>,
    /// Opened renditions by the name of their sealed file.
    pub(crate) photos: Cache<BlobId, OpenedPicture>,
    /// Sums over the database.
    pub(crate) analytics: Cache<AggregateName, Aggregate>,
}

/// One cache as the performance screen lists it.
pub(crate) struct Listed {
    pub(crate) name: &'static str,
    pub(crate) size: CacheSize,
    pub(crate) counts: CacheCounts,
}

impl Caches {
    /// Empty caches of a preset's sizes.
    pub(crate) fn new(preset: &Preset) -> Self {
        Self {
            profiles: Cache::new("client_profiles", preset.client_profiles),
            catalogue: Cache::new("catalogue", preset.catalogue),
            photos: Cache::new("photos", preset.photos),
            analytics: Cache::new("analytics", preset.analytics),
        }
    }

    /// Every cache with its counts.
    pub(crate) fn list(&self) -> Vec<Listed> {
        macro_rules! listed {
            ($($cache:ident),*) => {
                vec![$(Listed { name: self.$cache.name(), size: self.$cache.size(), counts: self.$cache.counts() }),*]
            };
        }
        listed!(profiles, catalogue, photos, analytics)
    }

    /// Empties one cache; false when there is none of that name.
    pub(crate) fn clear(&self, name: &str) -> bool {
        match name {
            "client_profiles" => self.profiles.clear(),
            "catalogue" => self.catalogue.clear(),
            "photos" => self.photos.clear(),
            "analytics" => self.analytics.clear(),
            _ => return false,
        }
        true
    }

    /// Empties all of them.
    pub(crate) fn clear_all(&self) {
        self.profiles.clear();
        self.catalogue.clear();
        self.photos.clear();
        self.analytics.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_that_see_different_things_do_not_share_views() {
        assert_ne!(
            Sight::of(&[Role::Reception]),
            Sight::of(&[Role::Practitioner])
        );
        assert_ne!(
            Sight::of(&[Role::Manager]),
            Sight::of(&[Role::Practitioner])
        );
        assert_eq!(
            Sight::of(&[Role::Practitioner, Role::Reception]),
            Sight::of(&[Role::Reception, Role::Practitioner])
        );
    }
}
