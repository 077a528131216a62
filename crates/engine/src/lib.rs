//! The optimizer engine that the app embeds.
pub mod cache;
mod error;
pub mod preset;
pub mod view;
pub use error::AppError;
