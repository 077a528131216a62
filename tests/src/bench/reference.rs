//! Slow, obvious answers over the server's rows, which the engine's quick ones are held against.

use anyhow::Result;
use domain::row::{Appointment, Client};
use domain::time::Day;
use std::collections::HashMap;
use std::path::Path;
use store::{StoreError, fold};

/// All clients and appointments, in memory.
pub struct Reference {
    /// Clients with their folded words.
    clients: Vec<(Client, Vec<String>)>,
    appointments: Vec<Appointment>,
}

impl Reference {
    /// Reads them from the server's database.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(server: &Path) -> Result<Self> {
        let store = server::admin::open_store(&server::data::DataDir::at(server.to_owned()))?;
        let (clients, appointments) = store
            .read(|tx| Ok::<_, StoreError>((tx.all::<Client>()?, tx.all::<Appointment>()?)))?;
        let clients = clients
            .into_iter()
            .map(|client| {
                let mut words: Vec<String> =
                    fold(&client.name).split(' ').map(str::to_owned).collect();
                if let Some(social) = &client.social_name {
                    words.extend(fold(social).split(' ').map(str::to_owned));
                }
                (client, words)
            })
            .collect();
        Ok(Self {
            clients,
            appointments,
        })
    }

    /// How many clients there are.
    pub fn clients(&self) -> usize {
        self.clients.len()
    }

    /// How many appointments there are.
    pub fn appointments(&self) -> usize {
        self.appointments.len()
    }

    /// One client by place.
    pub fn client(&self, at: usize) -> &Client {
        &self.clients[at % self.clients.len()].0
    }

    /// Whether every typed word begins a word of the client's name.
    fn matches(words: &[String], typed: &[String]) -> bool {
        typed
            .iter()
            .all(|piece| words.iter().any(|word| word.starts_with(piece)))
    }

    /// The ids of all clients that a typed name fits.
    pub fn search(&self, typed: &str) -> std::collections::HashSet<String> {
        let typed: Vec<String> = fold(typed).split(' ').map(str::to_owned).collect();
        self.clients
            .iter()
            .filter(|(_, words)| Self::matches(words, &typed))
            .map(|(client, _)| client.id.to_string())
            .collect()
    }

    /// The ids of a day's appointments with their first minute.
    pub fn day(&self, day: Day) -> HashMap<String, i32> {
        self.appointments
            .iter()
            .filter(|appointment| appointment.day == day)
            .map(|appointment| (appointment.id.to_string(), appointment.start_minute))
            .collect()
    }

    /// First and last day with appointments.
    pub fn days(&self) -> (Day, Day) {
        let days = self.appointments.iter().map(|appointment| appointment.day);
        let first = days.clone().min().unwrap_or(Day(0));
        (first, days.max().unwrap_or(Day(0)))
    }
}
