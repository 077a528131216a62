//! The envelope an action is stored and sent in.

use crate::action::{Action, ActionDecodeError, Actor};
use crate::codec;
use crate::id::{DeviceId, IncarnationId, StaffId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Identifies one action for ever: the idempotency mark on the server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ActionId {
    /// The console it was made on.
    pub device: DeviceId,
    /// Which life of that console's outbox.
    pub incarnation: IncarnationId,
    /// Counts from 1 within the incarnation, without gaps.
    pub sequence: u64,
}

/// A signed action.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// Which action.
    pub id: ActionId,
    /// The console's time. Recorded, never used to order or reject.
    pub at: Timestamp,
    /// Who did it.
    pub actor: StaffId,
    /// `name@version`.
    pub name: String,
    /// The action, encoded.
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
    /// Hash of the envelope before this one in the same incarnation, zeroes for the first: a chain that a forked outbox
    /// cannot continue unnoticed.
    #[serde(with = "serde_bytes")]
    pub previous: Vec<u8>,
    /// Ed25519 signature of [`Envelope::signed_bytes`] by the actor's own key.
    #[serde(with = "serde_bytes")]
    pub signature: Vec<u8>,
}

impl Envelope {
    /// An envelope without its signature.
    pub fn unsigned(
        id: ActionId,
        at: Timestamp,
        actor: StaffId,
        action: &Action,
        previous: [u8; 32],
    ) -> Self {
        Self {
            id,
            at,
            actor,
            name: action.name().to_owned(),
            body: action.encode(),
            previous: previous.to_vec(),
            signature: Vec::new(),
        }
    }

    /// What the signature covers: everything but itself.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let bare = Self {
            signature: Vec::new(),
            ..self.clone()
        };
        codec::encode(&bare)
    }

    /// BLAKE3 of the whole envelope: the next one's `previous`, and what the audit trail keeps.
    pub fn hash(&self) -> [u8; 32] {
        *blake3::hash(&codec::encode(self)).as_bytes()
    }

    /// The action inside.
    pub fn action(&self) -> Result<Action, ActionDecodeError> {
        Action::decode(&self.name, &self.body)
    }

    /// Who acts and when.
    pub fn acting(&self) -> Actor {
        Actor {
            staff: self.actor,
            at: self.at,
        }
    }
}
