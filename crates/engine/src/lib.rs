//! The optimizer engine that the app embeds.
mod error;
pub mod view;
pub use error::AppError;
