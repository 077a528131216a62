//! What can be done, where, by whom, with what.

use super::app::StaffTile;
use serde::Serialize;
use specta::Type;

/// The catalogue as booking and recording need it.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct CatalogueView {
    /// Procedures, by category and name.
    pub treatments: Vec<TreatmentView>,
    /// Rooms.
    pub rooms: Vec<RoomView>,
    /// Professionals who are booked.
    pub staff: Vec<StaffTile>,
    /// Lots in stock; empty where the console may not hold them.
    pub lots: Vec<LotView>,
}

/// A procedure.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct TreatmentView {
    /// Which.
    pub id: String,
    /// Name.
    pub name: String,
    /// Group.
    pub category: String,
    /// Usual length in minutes.
    pub duration_minutes: i32,
    /// List price in cents.
    #[specta(type = specta_typescript::Number)]
    pub price_cents: f64,
    /// Body areas offered.
    pub areas: Vec<String>,
    /// Whether a procedure consent must be there.
    pub needs_consent: bool,
    /// Whether lots must be recorded.
    pub needs_lot: bool,
}

/// A room.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct RoomView {
    /// Which.
    pub id: String,
    /// Name.
    pub name: String,
}

/// A lot in stock.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
pub struct LotView {
    /// Which.
    pub id: String,
    /// Product name.
    pub product: String,
    /// Code on the pack.
    pub code: String,
    /// Last day of use.
    pub expires: String,
    /// Whether that day is over.
    pub expired: bool,
    /// Units left.
    pub remaining: i32,
    /// What one unit is.
    pub unit: String,
}
