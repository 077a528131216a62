//! Search, profile and agenda: the three reads that a reception's day is made of.

use super::reference::Reference;
use super::{Figures, Samples};
use anyhow::{Result, ensure};
use domain::bucket::BucketSet;
use domain::id::ClientId;
use domain::row::RowChange;
use domain::store_port::{AuthorityStore as _, RowStore as _};
use domain::time::{ClinicZone, Day};
use engine::Engine;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use store::query::TimelineKinds;
use store::{Key, Options, Store, StoreError};

const SEARCHES: usize = 2_000;
const PROFILES: usize = 3_000;
const DAYS: usize = 1_000;
/// Hits asked for, as the search field does.
const HITS: u32 = 20;

/// What a person types to find a client: the beginning of one or two of their names.
fn typed(reference: &Reference, dice: &mut ChaCha8Rng) -> String {
    let client = reference.client(dice.random_range(0..reference.clients()));
    let names: Vec<&str> = client
        .name
        .split(' ')
        .filter(|name| name.chars().count() > 2)
        .collect();
    let piece = |name: &str, letters: usize| name.chars().take(letters).collect::<String>();
    let first = names.first().copied().unwrap_or("ana");
    let last = names.last().copied().unwrap_or("silva");
    match dice.random_range(0..3) {
        0 => piece(first, dice.random_range(3..7)),
        1 => format!(
            "{} {}",
            piece(first, 4),
            piece(last, dice.random_range(2..6))
        ),
        _ => piece(last, dice.random_range(4..9)),
    }
}

/// Measures the engine's reads for whoever is signed in.
///
/// # Errors
/// When an answer is not the reference's.
pub fn engine(
    engine: &Engine,
    reference: &Reference,
    dice: &mut ChaCha8Rng,
    figures: &mut Figures,
) -> Result<()> {
    figures.micros("search", &search(engine, reference, dice)?);
    let (cold, cached) = profiles(engine, reference, dice)?;
    figures.micros("profile.cold", &cold);
    figures.micros("profile.cached", &cached);
    figures.micros("agenda_day", &agenda(engine, reference, dice)?);
    Ok(())
}

fn search(engine: &Engine, reference: &Reference, dice: &mut ChaCha8Rng) -> Result<Samples> {
    let mut samples = Samples::new();
    for _ in 0..SEARCHES {
        let typed = typed(reference, dice);
        let hits = samples.time(|| engine.client_search(typed.clone(), HITS))?;
        let fits = reference.search(&typed);
        let expected = fits.len().min(HITS as usize);
        ensure!(
            hits.len() == expected,
            "a search found {} clients instead of {expected}",
            hits.len()
        );
        ensure!(
            hits.iter().all(|hit| fits.contains(&hit.id)),
            "a search found a client that does not fit"
        );
    }
    Ok(samples)
}

fn profiles(
    engine: &Engine,
    reference: &Reference,
    dice: &mut ChaCha8Rng,
) -> Result<(Samples, Samples)> {
    let (mut cold, mut cached) = (Samples::new(), Samples::new());
    let begin = dice.random_range(0..reference.clients());
    for step in 0..PROFILES.min(reference.clients()) {
        let client = reference.client(begin + step);
        let id = client.id.to_string();
        let profile = cold.time(|| engine.client_profile(id.clone()))?;
        ensure!(
            profile.client.name == client.display_name(),
            "a profile is of somebody else"
        );
        let again = cached.time(|| engine.client_profile(id))?;
        ensure!(again == profile, "the cached profile is another one");
    }
    Ok((cold, cached))
}

fn agenda(engine: &Engine, reference: &Reference, dice: &mut ChaCha8Rng) -> Result<Samples> {
    let mut samples = Samples::new();
    let (first, last) = reference.days();
    for _ in 0..DAYS {
        let day = Day(dice.random_range(first.0..=last.0));
        let view = samples.time(|| engine.agenda_range(day.to_string(), day.to_string()))?;
        let expected = reference.day(day);
        ensure!(
            view.appointments.len() == expected.len(),
            "a day has another number of appointments"
        );
        let same = view
            .appointments
            .iter()
            .all(|card| expected.get(&card.id) == Some(&card.start_minute));
        ensure!(same, "a day has other appointments");
    }
    Ok(samples)
}

/// The same reads from a plain, unencrypted copy without any cache of the engine's, with the page cache SQLite has by
/// default, and what the engine's are to them.
///
/// # Errors
/// When the copy cannot be made or read.
pub fn plain(
    server: &Path,
    reference: &Reference,
    dice: &mut ChaCha8Rng,
    figures: &mut Figures,
) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = copy(server, &folder.path().join("plain.db"))?;
    let mut search = Samples::new();
    for _ in 0..SEARCHES {
        let typed = typed(reference, dice);
        search.time(|| store.read(|tx| tx.search_clients(&typed, HITS as usize)))?;
    }
    let mut profile = Samples::new();
    for _ in 0..PROFILES.min(reference.clients()) {
        let client = reference
            .client(dice.random_range(0..reference.clients()))
            .id;
        profile.time(|| store.read(|tx| read_profile(tx, client)))?;
    }
    let (first, last) = reference.days();
    let mut agenda = Samples::new();
    for _ in 0..DAYS {
        let day = Day(dice.random_range(first.0..=last.0));
        agenda.time(|| store.read(|tx| tx.agenda(day, day)))?;
    }
    let mut unindexed = Samples::new();
    for _ in 0..40 {
        let typed = typed(reference, dice);
        unindexed.time(|| reference.search(&typed).len());
    }
    for (name, samples) in [
        ("search", &search),
        ("profile", &profile),
        ("agenda_day", &agenda),
    ] {
        figures.micros(&format!("plain.{name}"), samples);
    }
    figures.micros("scan.search", &unindexed);
    for (ratio, of, to) in [
        (
            "ratio.search_to_plain",
            "search.p50_us",
            "plain.search.p50_us",
        ),
        (
            "ratio.profile_cold_to_plain",
            "profile.cold.p50_us",
            "plain.profile.p50_us",
        ),
        (
            "ratio.profile_cached_to_plain",
            "profile.cached.p50_us",
            "plain.profile.p50_us",
        ),
        (
            "ratio.agenda_day_to_plain",
            "agenda_day.p50_us",
            "plain.agenda_day.p50_us",
        ),
        (
            "ratio.search_to_scan",
            "search.p50_us",
            "scan.search.p50_us",
        ),
    ] {
        if let (Some(of), Some(to)) = (figures.get(of), figures.get(to)) {
            figures.set(ratio, of / to);
        }
    }
    Ok(())
}

/// What a profile is assembled from, without masking and without a view.
fn read_profile(tx: &mut store::Tx<'_>, client: ClientId) -> Result<usize, StoreError> {
    let kinds = TimelineKinds {
        records: true,
        photos: true,
        finance: true,
    };
    let hit = tx.client_hit(client)?;
    let parts =
        tx.alerts_of(client)?.len() + tx.consents_of(client)?.len() + tx.photos_of(client)?.len();
    let (_, visits, missed) = tx.visit_counts(client)?;
    let paid = tx.standing_of(client)?.paid_cents;
    let timeline = tx.timeline(client, None, kinds, 20, &ClinicZone::sao_paulo())?;
    Ok(usize::from(hit.is_some())
        + parts
        + timeline.len()
        + (visits + missed) as usize
        + usize::from(paid > 0))
}

fn copy(server: &Path, to: &Path) -> Result<Store> {
    const PAGE: usize = 5_000;
    let from = server::admin::open_store(&server::data::DataDir::at(server.to_owned()))?;
    let options = Options {
        page_cache_mib: 6,
        readers: 1,
        held: BucketSet::all(),
    };
    let copy = Store::open(to, &Key::Plain, &options)?;
    for bucket in BucketSet::all().iter() {
        let mut after = None;
        loop {
            let rows = from.read(|tx| tx.snapshot_page(bucket, after, PAGE))?;
            let Some(last) = rows.last() else { break };
            after = Some(last.key());
            let changes: Vec<RowChange> = rows.into_iter().map(RowChange::put).collect();
            copy.write(|tx| changes.iter().try_for_each(|change| tx.write(change)))?;
        }
    }
    Ok(copy)
}
