//! Who may do what. Checked in the engine and again on the server, never by the screen.

use serde::{Deserialize, Serialize};

/// What somebody works as. One person may have several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the front desk: agenda, registration, check-in, payments.
    Reception,
    /// Treats: clinical records and photos.
    Practitioner,
    /// Runs the clinic: figures, staff, devices.
    Manager,
}

/// One thing that needs to be allowed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See the agenda.
    ViewAgenda,
    /// Book, move and change the status of appointments.
    ManageAgenda,
    /// See identification and contact data, and safety alerts.
    ViewClients,
    /// Register and correct clients.
    EditClients,
    /// Unmask CPF, phone and e-mail; each reveal is audited.
    RevealClients,
    /// Read clinical records.
    ViewClinical,
    /// Write and sign clinical records, alerts and lot use.
    RecordClinical,
    /// See photos.
    ViewPhotos,
    /// Add photos and their tags.
    AddPhotos,
    /// Take back a photo put on the wrong client.
    WithdrawPhotos,
    /// Take down a consent or its revocation.
    ManageConsents,
    /// Record payments and refunds.
    TakePayments,
    /// Receive lots.
    ManageStock,
    /// See measurements of this console.
    ViewPerformance,
    /// Clear and warm caches, change running values.
    TunePerformance,
    /// Write reports and exports to files.
    Export,
    /// See what waits and talk to the server.
    ViewSync,
}

impl Role {
    /// What this role alone is allowed.
    pub fn permissions(self) -> &'static [Permission] {
        use Permission as P;
        match self {
            Self::Reception => &[
                P::ViewAgenda,
                P::ManageAgenda,
                P::ViewClients,
                P::EditClients,
                P::RevealClients,
                P::ManageConsents,
                P::TakePayments,
                P::ViewSync,
            ],
            Self::Practitioner => &[
                P::ViewAgenda,
                P::ManageAgenda,
                P::ViewClients,
                P::ViewClinical,
                P::RecordClinical,
                P::ViewPhotos,
                P::AddPhotos,
                P::WithdrawPhotos,
                P::ManageConsents,
                P::ViewSync,
            ],
            Self::Manager => &[
                P::ViewAgenda,
                P::ManageAgenda,
                P::ViewClients,
                P::EditClients,
                P::RevealClients,
                P::ManageConsents,
                P::TakePayments,
                P::ManageStock,
                P::ViewPerformance,
                P::TunePerformance,
                P::Export,
                P::ViewSync,
            ],
        }
    }
}

/// Whether any of `roles` allows `permission`.
pub fn allows(roles: &[Role], permission: Permission) -> bool {
    roles
        .iter()
        .any(|role| role.permissions().contains(&permission))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_practitioners_see_clinical_content() {
        for clinical in [
            Permission::ViewClinical,
            Permission::RecordClinical,
            Permission::ViewPhotos,
        ] {
            assert!(allows(&[Role::Practitioner], clinical));
            assert!(!allows(&[Role::Reception, Role::Manager], clinical));
        }
        assert!(!allows(&[Role::Reception], Permission::ViewPerformance));
        assert!(!allows(&[], Permission::ViewAgenda));
    }
}
