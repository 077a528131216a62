//! Recording a visit and reading its record.

use serde::{Deserialize, Serialize};
use specta::Type;

/// Signing the record of a visit.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct RecordRequest {
    /// Whose.
    pub client_id: String,
    /// At which appointment.
    pub appointment_id: Option<String>,
    /// What was done.
    pub treatment_id: String,
    /// Where on the body.
    pub areas: Vec<String>,
    /// In words; sealed before it is stored.
    pub notes: String,
    /// What was used.
    pub lots: Vec<LotUseRequest>,
    /// The record this one adds to.
    pub addendum_to: Option<String>,
}

/// One lot used.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct LotUseRequest {
    /// Which.
    pub lot_id: String,
    /// Units.
    pub quantity: i32,
}

/// A signed record, opened.
#[derive(Clone, Debug, Serialize, Type)]
pub struct RecordView {
    /// Which.
    pub id: String,
    /// Whose.
    pub client_id: String,
    /// Procedure.
    pub treatment: String,
    /// Who treated and signed, with council.
    pub practitioner: String,
    /// Body areas.
    pub areas: Vec<String>,
    /// In words.
    pub notes: String,
    /// When it took place (ms).
    #[specta(type = specta_typescript::Number)]
    pub at: f64,
    /// When it was signed and locked (ms).
    #[specta(type = specta_typescript::Number)]
    pub locked_at: f64,
    /// Lots used.
    pub lots: Vec<LotUseView>,
    /// Later additions, oldest first.
    pub addenda: Vec<RecordView>,
}

/// A lot that was used.
#[derive(Clone, Debug, Serialize, Type)]
pub struct LotUseView {
    /// Product.
    pub product: String,
    /// Code on the pack.
    pub code: String,
    /// Units.
    pub quantity: i32,
    /// What one unit is.
    pub unit: String,
}
