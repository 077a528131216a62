//! The console's machine and its replica over an encrypted database, driven against the real server.

use crate::support::console::{Device, fresh, register};
use crate::support::wire::Socket;
use crate::support::{Clinic, Person};
use domain::action::Actor;
use domain::bucket::{Bucket, DeviceProfile};
use domain::id::IncarnationId;
use domain::port::Clock as _;
use domain::row::Client;
use domain::store_port::{AuthorityStore, ReplicaStore};
use replica::{EnqueueError, Replica, ReplicaError};
use server::admin;
use server::system::OsEntropy;
use std::time::{Duration, Instant};
use store::{Key, Options, Store, StoreError};
use sync::Moment;
use sync::console::{Effect, Input, Link, Machine, OfflineCause};
use sync::message::encode;
use sync::standing::StoreJob;
use vault::key::DatabaseKey;
use vault::signature::Purpose;

/// An error on its way through a transaction.
#[derive(Debug)]
struct Failed(#[expect(dead_code, reason = "shown by the panic")] String);

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}
impl From<ReplicaError<StoreError>> for Failed {
    fn from(error: ReplicaError<StoreError>) -> Self {
        Self(error.to_string())
    }
}
impl From<EnqueueError<StoreError>> for Failed {
    fn from(error: EnqueueError<StoreError>) -> Self {
        Self(error.to_string())
    }
}

/// A whole console.
struct Desk {
    _folder: tempfile::TempDir,
    store: Store,
    replica: Replica,
    machine: Machine,
    socket: Option<Socket>,
    token: String,
    started: Instant,
}

impl Desk {
    fn new(device: &Device, profile: DeviceProfile) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            page_cache_mib: 8,
            readers: 1,
            held: profile.buckets(),
        };
        let key = DatabaseKey::make(&OsEntropy);
        let path = folder.path().join("replica.db");
        let store = Store::open(&path, &Key::Cipher(&key), &options).unwrap();
        let mut replica = Replica::new();
        let standing = store
            .write::<_, Failed>(|tx| {
                replica.open(tx, device.id, b"marker", IncarnationId(fresh()))?;
                Ok(replica.standing(tx)?)
            })
            .unwrap();
        let mut machine = Machine::new();
        let begun = machine.handle(Input::Start(standing), Moment(0), &OsEntropy);
        assert_eq!(begun[0], Effect::NeedToken { fresh: false });
        Self {
            _folder: folder,
            store,
            replica,
            machine,
            socket: None,
            token: device.token.clone(),
            started: Instant::now(),
        }
    }

    fn act(&mut self, who: &Person, at: domain::time::Timestamp, name: &str) {
        let actor = Actor { staff: who.id, at };
        let action = register(name).into();
        let sign = |bytes: &[u8]| who.keys.signing.sign(Purpose::Action, bytes).to_vec();
        let replica = &mut self.replica;
        self.store
            .write::<_, Failed>(|tx| Ok(replica.enqueue(tx, &action, actor, &sign)?))
            .unwrap();
    }

    fn run(&mut self, job: &StoreJob) -> Input {
        let replica = &mut self.replica;
        let done = self
            .store
            .write::<_, Failed>(|tx| Ok(replica.run(tx, job, IncarnationId(fresh()))?));
        Input::Stored(done.unwrap().0)
    }

    /// Goes on until `done`, doing what the machine asks for.
    async fn until(&mut self, clinic: &Clinic, first: Input, done: impl Fn(&Machine) -> bool) {
        let mut inputs = vec![first];
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            while let Some(input) = inputs.pop() {
                let now = Moment(u64::try_from(self.started.elapsed().as_millis()).unwrap());
                for effect in self.machine.handle(input, now, &OsEntropy) {
                    if let Some(answer) = self.answer(clinic, effect).await {
                        inputs.insert(0, answer);
                    }
                }
            }
            if done(&self.machine) {
                return;
            }
            assert!(Instant::now() < patience, "{:?}", self.machine.status());
            inputs.push(self.next().await);
        }
    }

    async fn answer(&mut self, clinic: &Clinic, effect: Effect) -> Option<Input> {
        match effect {
            Effect::NeedToken { .. } => Some(Input::Token(self.token.clone())),
            Effect::Connect => match Socket::try_open(clinic.address, &clinic.pin).await {
                Ok(socket) => {
                    self.socket = Some(socket);
                    Some(Input::Connected)
                }
                Err(_) => Some(Input::Disconnected(OfflineCause::Unreachable)),
            },
            Effect::Send(frame) => {
                if let Some(socket) = &mut self.socket {
                    socket.say_bytes(frame).await;
                }
                None
            }
            Effect::Close => {
                self.socket = None;
                None
            }
            Effect::LoadOutbox {
                ticket,
                after,
                limit,
            } => {
                let replica = &mut self.replica;
                let items = self
                    .store
                    .read::<_, Failed>(|tx| Ok(replica.to_send(tx, after, limit)?));
                Some(Input::OutboxBatch {
                    ticket,
                    items: items.unwrap(),
                })
            }
            Effect::Store(job) => Some(self.run(&job)),
            _ => None,
        }
    }

    /// A frame, the end of the connection, or the machine's own time.
    async fn next(&mut self) -> Input {
        let now = self.started.elapsed();
        let due = self.machine.next_deadline();
        let wait = due.map_or(Duration::from_secs(1), |at| {
            Duration::from_millis(at.0).saturating_sub(now)
        });
        let Some(socket) = &mut self.socket else {
            tokio::time::sleep(wait).await;
            return Input::Tick;
        };
        match tokio::time::timeout(wait, socket.hear_any()).await {
            Ok(Some(message)) => Input::Frame(encode(&message)),
            Ok(None) => {
                self.socket = None;
                Input::Disconnected(OfflineCause::Cut)
            }
            Err(_) => Input::Tick,
        }
    }

    fn clients(&self) -> Vec<String> {
        let all = self.store.read::<_, StoreError>(|tx| tx.all::<Client>());
        all.unwrap().into_iter().map(|client| client.name).collect()
    }
}

fn is_synced(machine: &Machine) -> bool {
    let status = machine.status();
    status.synced && status.link == Link::Online
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consoles_converge_through_a_restart_of_the_server() {
    let mut clinic = Clinic::start().await;
    let now = clinic.clock.now();
    let desk = clinic.enrol(DeviceProfile::Reception).await;
    let office = clinic.enrol(DeviceProfile::Management).await;
    let mut first = Desk::new(&desk, DeviceProfile::Reception);
    let mut second = Desk::new(&office, DeviceProfile::Management);
    let token = Input::Token(first.token.clone());
    first.until(&clinic, token, is_synced).await;
    first.act(&clinic.receptionist, now, "Ana Prado");
    first.until(&clinic, Input::OutboxChanged, is_synced).await;
    clinic.stop().await;
    let offline = |machine: &Machine| matches!(machine.status().link, Link::Offline { .. });
    first.until(&clinic, Input::Tick, offline).await;
    first.act(&clinic.receptionist, now, "Eva Dias");
    first.until(&clinic, Input::OutboxChanged, offline).await;
    assert!(!first.machine.status().synced, "one has no receipt");
    clinic.serve().await;
    first.until(&clinic, Input::Hint, is_synced).await;
    let token = Input::Token(second.token.clone());
    second.until(&clinic, token, is_synced).await;
    assert_eq!(second.clients(), first.clients());
    assert_eq!(second.clients().len(), 2);
    let server = admin::open_store(&clinic.data).unwrap();
    for (desk, profile) in [
        (&first, DeviceProfile::Reception),
        (&second, DeviceProfile::Management),
    ] {
        for bucket in Bucket::ALL
            .into_iter()
            .filter(|b| profile.buckets().contains(*b))
        {
            let theirs = server.read::<_, StoreError>(|tx| AuthorityStore::checksum(tx, bucket));
            let ours = desk
                .store
                .read::<_, StoreError>(|tx| ReplicaStore::checksum(tx, bucket));
            assert_eq!(ours.unwrap(), theirs.unwrap(), "{bucket:?}");
        }
    }
}
