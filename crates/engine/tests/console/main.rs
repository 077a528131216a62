//! A console at work in a demonstration clinic: the real engine over its encrypted database, joined to a real server.

mod agenda;
mod clients;
mod clinical;
mod support;
