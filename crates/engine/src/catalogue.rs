//! What can be done, where, by whom, with what.

use crate::agenda::{is_booked, room_view};
use crate::cache::Scope;
use crate::caches::Sight;
use crate::console::Console;
use crate::core::Engine;
use crate::error::AppError;
use crate::reading::{cents, iso};
use crate::session::Session;
use crate::view::catalogue::{CatalogueView, LotView, TreatmentView};
use domain::bucket::Bucket;
use domain::role::{Permission, allows};
use domain::row::Treatment;
use domain::time::Day;
use store::query::LotEntry;

impl Engine {
    /// The catalogue as booking and recording need it. Lots only where the console holds them and the person uses them.
    ///
    /// # Errors
    /// When the console is locked or the database cannot be read.
    pub fn catalogue(&self) -> Result<CatalogueView, AppError> {
        self.answer(Permission::ViewAgenda, Console::catalogue)
    }
}

impl Console {
    /// The catalogue as somebody sees it, from the cache.
    pub(crate) fn catalogue(&self, session: &Session) -> Result<CatalogueView, AppError> {
        let sight = Sight::of(&session.staff().roles);
        let scope = Scope::Generation(self.store.generation());
        let held = self
            .caches
            .catalogue
            .get_or_load(sight, scope, || self.load_catalogue(session))?;
        let mut view = (*held).clone();
        // A PIN is set without a commit, so the cached tiles may not know of it.
        for tile in &mut view.staff {
            tile.pin = tile
                .id
                .parse()
                .is_ok_and(|id| self.seat().has_pin(id, self.now()));
        }
        Ok(view)
    }

    fn load_catalogue(&self, session: &Session) -> Result<CatalogueView, AppError> {
        let now = self.now();
        let today = self.today(&*self.the_clinic()?);
        let roles = &session.staff().roles;
        let with_lots = self.store.held().contains(Bucket::Stock)
            && (allows(roles, Permission::ViewClinical) || allows(roles, Permission::ManageStock));
        let (treatments, rooms, staff, lots) = self.read("catalogue", |tx| {
            let lots = if with_lots {
                tx.lots_in_stock()?
            } else {
                Vec::new()
            };
            Ok((tx.treatments()?, tx.rooms()?, tx.staff()?, lots))
        })?;
        Ok(CatalogueView {
            treatments: treatments
                .into_iter()
                .filter(|row| row.active)
                .map(treatment_view)
                .collect(),
            rooms: rooms
                .into_iter()
                .filter(|room| room.active)
                .map(room_view)
                .collect(),
            staff: staff
                .iter()
                .filter(|person| is_booked(person))
                .map(|person| self.tile(person, false, now))
                .collect(),
            lots: lots.into_iter().map(|lot| lot_view(lot, today)).collect(),
        })
    }
}

fn treatment_view(row: Treatment) -> TreatmentView {
    TreatmentView {
        id: row.id.to_string(),
        name: row.name,
        category: row.category,
        duration_minutes: row.duration_minutes,
        price_cents: cents(row.price),
        areas: row.areas,
        needs_consent: row.needs_consent,
        needs_lot: row.needs_lot,
    }
}

fn lot_view(lot: LotEntry, today: Day) -> LotView {
    LotView {
        id: lot.id.to_string(),
        product: lot.product,
        code: lot.code,
        expires: iso(lot.expires),
        expired: lot.expires < today,
        remaining: i32::try_from(lot.remaining).unwrap_or(i32::MAX),
        unit: lot.unit,
    }
}
