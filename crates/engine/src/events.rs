//! Telling the window. One thread delivers everything in order; commits that come quickly one after another are told as one.

use crate::view::event::{EngineEvent, Topic};
use domain::row::{RowKey, Table};
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

type Listener = Box<dyn Fn(EngineEvent) + Send + Sync>;
/// Finds the clients that changed rows are about; `None` when they are too many to name.
type ClientsOf = Box<dyn Fn(&BTreeSet<RowKey>) -> Option<BTreeSet<String>> + Send>;

/// Finds out on the delivering thread whether there is something to tell.
type Deferred = Box<dyn FnOnce() -> Option<EngineEvent> + Send>;

enum Message {
    Event(EngineEvent),
    Deferred(Deferred),
    Committed(Vec<RowKey>),
    /// The database is open: rows can be asked whom they are about.
    Ask(ClientsOf),
}

/// Clients named in one event at most.
pub(crate) const MOST_CLIENTS: usize = 100;

/// Where events go in.
#[derive(Clone)]
pub(crate) struct Events {
    sender: Arc<Mutex<Sender<Message>>>,
    listeners: Arc<RwLock<Vec<Listener>>>,
}

impl Events {
    /// Starts the delivering thread; it ends when every handle is gone.
    pub(crate) fn start() -> Self {
        let (sender, receiver) = channel();
        let listeners = Arc::new(RwLock::new(Vec::new()));
        let to = Arc::clone(&listeners);
        let spawned = std::thread::Builder::new()
            .name("espelho-events".to_owned())
            .spawn(move || deliver(&receiver, &to));
        if let Err(error) = spawned {
            // The app works on without: screens read again on their own actions.
            tracing::error!(%error, "events cannot be delivered");
        }
        Self {
            sender: Arc::new(Mutex::new(sender)),
            listeners,
        }
    }

    pub(crate) fn subscribe(&self, listener: impl Fn(EngineEvent) + Send + Sync + 'static) {
        self.listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Box::new(listener));
    }

    pub(crate) fn send(&self, event: EngineEvent) {
        self.put(Message::Event(event));
    }

    /// Runs `find_out` on the delivering thread and tells what it finds.
    pub(crate) fn defer(&self, find_out: impl FnOnce() -> Option<EngineEvent> + Send + 'static) {
        self.put(Message::Deferred(Box::new(find_out)));
    }

    /// Rows were committed.
    pub(crate) fn committed(&self, keys: &[RowKey]) {
        self.put(Message::Committed(keys.to_vec()));
    }

    /// Whom to ask about rows from now on.
    pub(crate) fn ask(
        &self,
        clients_of: impl Fn(&BTreeSet<RowKey>) -> Option<BTreeSet<String>> + Send + 'static,
    ) {
        self.put(Message::Ask(Box::new(clients_of)));
    }

    fn put(&self, message: Message) {
        // The receiver lives as long as any sender.
        let _ = self
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send(message);
    }
}

fn deliver(receiver: &Receiver<Message>, listeners: &RwLock<Vec<Listener>>) {
    let mut clients_of: Option<ClientsOf> = None;
    let tell = |event: EngineEvent| {
        for listener in listeners
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            listener(event.clone());
        }
    };
    let mut ahead = None;
    while let Some(message) = ahead.take().or_else(|| receiver.recv().ok()) {
        match message {
            Message::Event(event) => tell(event),
            Message::Deferred(find_out) => {
                if let Some(event) = find_out() {
                    tell(event);
                }
            }
            Message::Ask(answer) => clients_of = Some(answer),
            Message::Committed(keys) => {
                let mut keys: BTreeSet<RowKey> = keys.into_iter().collect();
                while let Ok(next) = receiver.try_recv() {
                    match next {
                        Message::Committed(more) => keys.extend(more),
                        other => {
                            ahead = Some(other);
                            break;
                        }
                    }
                }
                let clients = clients_of
                    .as_ref()
                    .and_then(|ask| ask(&keys))
                    .unwrap_or_default();
                let topics: BTreeSet<Topic> = keys.iter().map(|key| topic(key.table)).collect();
                tell(EngineEvent::Changed {
                    topics: topics.into_iter().collect(),
                    clients: clients.into_iter().collect(),
                });
            }
        }
    }
}

fn topic(table: Table) -> Topic {
    match table {
        Table::Appointment | Table::VisitTicks => Topic::Agenda,
        Table::Client | Table::Alert | Table::Consent => Topic::Clients,
        Table::Encounter | Table::ClientKeyGrant | Table::LotUse => Topic::Clinical,
        Table::Photo => Topic::Photos,
        Table::Payment => Topic::Finance,
        Table::ClinicProfile
        | Table::Staff
        | Table::Room
        | Table::Treatment
        | Table::Product
        | Table::Lot => Topic::Catalogue,
    }
}
