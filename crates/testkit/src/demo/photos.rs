//! The demonstration's photos: drawn, made smaller, sealed and put where the server keeps them.

use super::{DemoError, Hearing, Order};
use crate::clinic::{Filled, PastVisit, Plan, Subject, Team};
use crate::dice::Dice;
use crate::port::{FixedClock, SeededEntropy};
use crate::skin::{self, Capture, Shot, Tone, Turn};
use ::photos::{Details, Encoded, Stage};
use domain::codec;
use domain::id::{ClientKeyId, PhotoId};
use domain::port::Entropy;
use domain::row::*;
use domain::store_port::RowStore as _;
use domain::time::Timestamp;
use serde::Serialize;
use server::blobs::BlobFolder;
use server::data::DataDir;
use store::{Store, StoreError};
use vault::clinical::{seal_client_key, wrap_photo_key};
use vault::key::{ClientKey, DatabaseKey, PhotoKey};
use vault::{envelope, stream};

/// Sealed files are a few MiB; this is the most that is put away.
const LARGEST: u64 = 64 << 20;
/// Long and short side of the pictures.
const SIDES: (u32, u32) = (1600, 1200);

/// What is pictured, from which side.
const MOTIFS: &[(&str, &str)] = &[
    ("Face", "Frontal"),
    ("Testa", "Frontal"),
    ("Região periorbital", "Perfil direito"),
    ("Bochechas", "Perfil esquerdo"),
    ("Pescoço", "Frontal"),
];

/// What only those who may open a photo can read of it, as the console seals it.
#[derive(Serialize)]
struct SealedDetails<'a> {
    file_name: String,
    camera: &'a Details,
}

/// One photo that is to be taken.
struct Motif<'a> {
    shot: Shot,
    tone: Tone,
    turn: Turn,
    region: &'static str,
    view: &'static str,
    visit: &'a PastVisit,
    taken_at: Timestamp,
    file_name: String,
}

/// Whatever the making of photos needs.
struct Studio<'a> {
    plan: &'a Plan,
    store: &'a Store,
    blobs: BlobFolder,
    entropy: SeededEntropy,
    fingerprints: DatabaseKey,
}

/// Takes the ordered number of photos.
pub(super) fn take(
    order: &Order,
    plan: &Plan,
    team: &Team,
    filled: Filled,
    store: &Store,
    data: &DataDir,
    hearing: Hearing<'_>,
) -> Result<(), DemoError> {
    let entropy = SeededEntropy::new(order.seed ^ 0x0070_686f_746f);
    let studio = Studio {
        plan,
        store,
        blobs: BlobFolder::open(data.blobs(), LARGEST)?,
        fingerprints: DatabaseKey::make(&entropy),
        entropy,
    };
    let pairs = order.photos.div_ceil(2);
    // Some clients have several pairs, as some are treated in several places.
    let pictured = (pairs as usize * 2 / 3).clamp(1, filled.subjects.len().max(1));
    let mut subjects: Vec<Subject> = filled.subjects.into_iter().take(pictured).collect();
    let mut dice = Dice::new(order.seed, 20);
    for number in 0..order.photos {
        hearing("photos", number.into(), order.photos.into());
        let pair = number as usize / 2;
        let Some(at) = pair.checked_rem(subjects.len()) else {
            break;
        };
        let (key_id, key) = studio.key_of(&subjects[at], team)?;
        let phase = if number % 2 == 0 {
            PhotoPhase::Before
        } else {
            PhotoPhase::After
        };
        let motif = motif(&subjects[at], at, pair / pictured, phase, plan, &mut dice);
        studio.keep(&motif, subjects[at].client, key_id, &key)?;
        subjects[at].key = Some((key_id, key));
    }
    hearing("photos", order.photos.into(), order.photos.into());
    Ok(())
}

/// A number that follows from the plan, the client and what is pictured of them.
fn seed_of(plan: &Plan, subject: &Subject, of: &[&str]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&plan.seed.to_le_bytes());
    hasher.update(subject.client.as_bytes());
    for word in of {
        hasher.update(word.as_bytes()).update(&[0]);
    }
    let mut seed = [0; 8];
    hasher.finalize_xof().fill(&mut seed);
    u64::from_le_bytes(seed)
}

/// One picture of the client with this number among those pictured; each round is of another region. Both pictures of a pair
/// are of one patch of skin, and all pictures of a client are in their tone.
fn motif<'a>(
    subject: &'a Subject,
    number: usize,
    round: usize,
    phase: PhotoPhase,
    plan: &Plan,
    dice: &mut Dice,
) -> Motif<'a> {
    let (region, view) = MOTIFS[(number + round) % MOTIFS.len()];
    let upright = (number + round) % 3 == 1;
    let (width, height) = if upright { (SIDES.1, SIDES.0) } else { SIDES };
    let before = phase == PhotoPhase::Before;
    let visit = if before {
        &subject.first
    } else {
        &subject.last
    };
    // Before is taken as treatment begins, after when it is over.
    let minutes = if before {
        -2
    } else {
        i64::from(dice.between(25, 45))
    };
    Motif {
        shot: Shot {
            seed: seed_of(plan, subject, &[region, view]),
            phase,
            width,
            height,
        },
        tone: Tone::of(seed_of(plan, subject, &[])),
        turn: if upright {
            Turn::Clockwise
        } else {
            Turn::Upright
        },
        region,
        view,
        visit,
        taken_at: visit.at.plus_minutes(minutes).min(plan.now),
        file_name: format!("IMG_{:04}.jpg", dice.between(1, 9999)),
    }
}

impl Studio<'_> {
    /// The client's content key, granted now where there is none.
    fn key_of(
        &self,
        subject: &Subject,
        team: &Team,
    ) -> Result<(ClientKeyId, ClientKey), StoreError> {
        if let Some((id, key)) = &subject.key {
            return Ok((*id, key.duplicate()));
        }
        let made_at = subject.first.at;
        let id = ClientKeyId::make(&FixedClock::at(made_at), &self.entropy);
        let key = ClientKey::make(&self.entropy);
        let sealed = seal_client_key(&team.clinical, subject.client, id, &key, &self.entropy);
        let grant = ClientKeyGrant {
            id,
            client: subject.client,
            sealed,
            made_at,
        };
        self.store.write(|tx| tx.write(&RowChange::put(grant)))?;
        Ok((id, key))
    }

    /// Draws, makes smaller, seals, stores.
    fn keep(
        &self,
        motif: &Motif<'_>,
        client: domain::id::ClientId,
        key_id: ClientKeyId,
        key: &ClientKey,
    ) -> Result<(), DemoError> {
        let taken = self.plan.zone.civil(motif.taken_at);
        let capture = Capture {
            turn: motif.turn,
            taken,
            ..Capture::default()
        };
        let file = skin::jpeg(&skin::draw_in(&motif.shot, motif.tone), &capture)?;
        let id = PhotoId::make(&FixedClock::at(motif.taken_at), &self.entropy);
        let photo_key = PhotoKey::make(&self.entropy);
        let mut photo = Photo {
            id,
            client,
            encounter: motif.visit.encounter,
            appointment: Some(motif.visit.appointment),
            region: motif.region.to_owned(),
            view: motif.view.to_owned(),
            phase: motif.shot.phase,
            taken_at: motif.taken_at,
            imported_at: motif.taken_at.plus_minutes(9).min(self.plan.now),
            imported_by: motif.visit.practitioner,
            width: motif.shot.width,
            height: motif.shot.height,
            thumbhash: Vec::new(),
            fingerprint: self.fingerprints.fingerprint(&file).to_vec(),
            original_bytes: file.len() as u64,
            original: self.put(&photo_key, &file)?,
            client_key: key_id,
            wrapped_key: wrap_photo_key(key, id, &photo_key, &self.entropy),
            sealed_details: Vec::new(),
            renditions: Vec::new(),
            withdrawn_at: None,
        };
        self.develop(&mut photo, &photo_key, &file, &motif.file_name)?;
        self.store.write(|tx| -> Result<(), StoreError> {
            let ticks = tx.get::<VisitTicks>(motif.visit.appointment.into())?;
            let ticks = ticks.unwrap_or_else(|| VisitTicks::none(motif.visit.appointment));
            tx.write(&RowChange::put(VisitTicks {
                photos: true,
                ..ticks
            }))?;
            tx.write(&RowChange::put(photo))
        })?;
        Ok(())
    }

    /// Placeholder, details and renditions, as an import makes them.
    fn develop(
        &self,
        photo: &mut Photo,
        key: &PhotoKey,
        file: &[u8],
        name: &str,
    ) -> Result<(), DemoError> {
        let mut encoded: Vec<Encoded> = Vec::new();
        let mut camera = Details::default();
        ::photos::import(file, &::photos::Plan::default(), |stage| match stage {
            Stage::Opened { details, .. } => camera = details,
            Stage::Decoded {
                width,
                height,
                thumbhash,
                ..
            } => {
                (photo.width, photo.height, photo.thumbhash) = (width, height, thumbhash);
            }
            Stage::Rendition(picture) => encoded.push(picture),
            Stage::Thumbnail(_) => {}
        })?;
        let details = SealedDetails {
            file_name: name.to_owned(),
            camera: &camera,
        };
        photo.sealed_details = envelope::seal(
            key,
            photo.id.as_bytes(),
            &codec::encode(&details),
            &self.entropy,
        );
        for picture in encoded {
            photo.renditions.push(Rendition {
                width: picture.width,
                height: picture.height,
                format: picture.format.into(),
                bytes: picture.bytes.len() as u64,
                blob: self.put(key, &picture.bytes)?,
            });
        }
        Ok(())
    }

    /// Seals a file and puts it where the server keeps such.
    fn put(&self, key: &PhotoKey, plain: &[u8]) -> Result<BlobRef, DemoError> {
        let entropy: &dyn Entropy = &self.entropy;
        let sealed = stream::seal(key, plain, entropy);
        let len = sealed.bytes.len() as u64;
        self.blobs.append(sealed.id, len, 0, &sealed.bytes)?;
        Ok(BlobRef { id: sealed.id, len })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clinic;
    use domain::time::{ClinicZone, Day};

    #[test]
    fn a_client_has_one_tone_a_pair_one_patch_and_a_picture_the_day_of_its_visit() {
        let zone = ClinicZone::sao_paulo();
        let now = zone.at(Day(20_782), 14 * 60);
        let plan = Plan {
            clients: 60,
            seed: 1,
            now,
            zone,
        };
        let founded = clinic::found(&plan, "senha de teste").unwrap();
        let mut sink = |_| Ok::<_, std::convert::Infallible>(());
        let filled = clinic::fill(&plan, &founded.team, &mut sink).unwrap();
        let mut dice = Dice::new(1, 20);
        let mut tones: Vec<Tone> = Vec::new();
        for (number, subject) in filled.subjects.iter().enumerate() {
            let mut patches = Vec::new();
            let tone = Tone::of(seed_of(&plan, subject, &[]));
            for round in 0..MOTIFS.len() {
                let mut take = |phase| motif(subject, number, round, phase, &plan, &mut dice);
                let (before, after) = (take(PhotoPhase::Before), take(PhotoPhase::After));
                assert_eq!((before.region, before.view), (after.region, after.view));
                assert_eq!(before.shot.seed, after.shot.seed);
                for (picture, visit) in [(&before, &subject.first), (&after, &subject.last)] {
                    assert_eq!(picture.tone, tone);
                    let zone = &plan.zone;
                    assert_eq!(zone.day(picture.taken_at), zone.day(visit.at));
                    assert_eq!(picture.visit.appointment, visit.appointment);
                }
                patches.push(before.shot.seed);
            }
            patches.sort_unstable();
            patches.dedup();
            assert_eq!(patches.len(), MOTIFS.len(), "each region has its own patch");
            if !tones.contains(&tone) {
                tones.push(tone);
            }
        }
        assert!(tones.len() >= 4, "{}", tones.len());
    }
}
