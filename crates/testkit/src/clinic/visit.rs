//! What a visit leaves behind: times, ticks, a payment, a record.

use super::agenda::{Fate, status_ahead, status_today};
use super::catalogue::{OFFERS, Offer};
use super::history::Making;
use crate::dice::Dice;
use domain::id::{ClientKeyId, EncounterId, LotUseId, PaymentId};
use domain::money::Cents;
use domain::row::*;
use domain::time::{Day, Timestamp};
use vault::clinical::seal_client_key;
use vault::envelope;
use vault::key::ClientKey;

/// Days back that have clinical records. Older visits are from before the clinic wrote them here.
const RECORDED_DAYS: i32 = 90;

impl Making<'_> {
    pub(super) fn status(
        &mut self,
        day: Day,
        start: i32,
        minutes: i32,
        fate: Fate,
    ) -> AppointmentStatus {
        let ahead = day.0 - self.plan.today().0;
        match (ahead, fate) {
            (1.., _) => status_ahead(ahead, fate, &mut self.dice),
            (0, _) => {
                let now = self.plan.zone.minute_of_day(self.plan.now);
                status_today(start, minutes, now, fate, &mut self.dice)
            }
            (_, Fate::Comes) => AppointmentStatus::Done,
            (_, Fate::StaysAway) => AppointmentStatus::NoShow,
            (_, Fate::CallsOff) => AppointmentStatus::Cancelled,
        }
    }

    /// Sets the times that the status says there are; none is later than now.
    pub(super) fn stamp(&mut self, visit: &mut Appointment) {
        use AppointmentStatus as S;
        let now = self.plan.now;
        let planned = self.plan.zone.at(visit.day, visit.start_minute);
        let early = i64::from(self.dice.between(-4, 15));
        let arrived = planned.plus_minutes(-early).min(now.plus_minutes(-2));
        let began = planned
            .max(arrived)
            .plus_minutes(i64::from(self.dice.between(0, 7)))
            .min(now.plus_minutes(-1));
        let lasted = i64::from(visit.duration_minutes + self.dice.between(-5, 8));
        if matches!(visit.status, S::Arrived | S::InProgress | S::Done) {
            visit.arrived_at = Some(arrived);
        }
        if matches!(visit.status, S::InProgress | S::Done) {
            visit.started_at = Some(began);
        }
        if visit.status == S::Done {
            visit.finished_at = Some(began.plus_minutes(lasted).min(now));
        }
    }

    /// Everything that is written down after a visit that took place. The record, where one was written.
    pub(super) fn after_visit(
        &mut self,
        client: usize,
        offer: usize,
        visit: &Appointment,
        began: Timestamp,
    ) -> Option<EncounterId> {
        let ended = visit.finished_at.unwrap_or(began);
        if self.people[client].first.is_none() {
            self.sign_consents(visit.client, visit.arrived_at.unwrap_or(began));
        }
        let paid = self.dice.chance(955);
        if paid {
            self.pay(offer, visit, ended);
        }
        let is_recent = self.plan.today().0 - visit.day.0 < RECORDED_DAYS;
        let recorded = is_recent && self.records_left > 0 && self.dice.chance(930);
        let encounter = recorded.then(|| self.record(client, offer, visit, began, ended));
        let ticks = VisitTicks {
            id: visit.id.into(),
            notes: encounter.is_some(),
            photos: false,
            lots: encounter.is_some() && OFFERS[offer].uses.is_some(),
            payment: paid,
        };
        self.out.push(ticks.into());
        encounter
    }

    fn pay(&mut self, offer: usize, visit: &Appointment, at: Timestamp) {
        let discount = self.dice.weighted(&[(0, 70), (5, 20), (10, 10)]);
        let amount = OFFERS[offer].price * (100 - discount);
        use PaymentMethod as M;
        let method =
            self.dice
                .weighted(&[(M::Pix, 45), (M::Credit, 36), (M::Debit, 12), (M::Cash, 7)]);
        let most = if amount > 100_000 { 10 } else { 3 };
        let instalments = if method == M::Credit {
            self.dice.between(1, most)
        } else {
            1
        };
        let payment = Payment {
            id: PaymentId(self.id(at)),
            client: visit.client,
            appointment: Some(visit.id),
            amount: Cents(amount),
            method,
            instalments,
            at,
            day: visit.day,
            taken_by: *self.dice.pick(&self.team.desk),
            refund_of: None,
        };
        self.out.push(payment.clone().into());
        let days = self.dice.between(1, 10);
        let back_at = at.plus_minutes(i64::from(days) * 24 * 60);
        if self.dice.chance(8) && back_at < self.plan.now {
            let refund = Payment {
                id: PaymentId(self.id(back_at)),
                amount: Cents(-amount / i64::from(self.dice.between(1, 2))),
                instalments: 1,
                at: back_at,
                day: visit.day.plus(days),
                refund_of: Some(payment.id),
                ..payment
            };
            self.out.push(refund.into());
        }
    }

    /// Writes the record under the client's key, which is granted with the first of them.
    fn record(
        &mut self,
        client: usize,
        offer: usize,
        visit: &Appointment,
        began: Timestamp,
        ended: Timestamp,
    ) -> EncounterId {
        self.records_left -= 1;
        let offer = &OFFERS[offer];
        let id = EncounterId(self.id(began));
        let areas = some_areas(offer, &mut self.dice);
        let text = note(offer, &areas, &mut self.dice);
        self.grant_key(client, began);
        let sealed = self.people[client]
            .key
            .as_ref()
            .map(|(key_id, key)| SealedText {
                key: *key_id,
                sealed: envelope::seal(key, id.as_bytes(), text.as_bytes(), &self.entropy),
            });
        if let Some(notes) = sealed {
            let encounter = Encounter {
                id,
                client: visit.client,
                appointment: Some(visit.id),
                practitioner: visit.staff,
                treatment: visit.treatment,
                areas,
                notes,
                at: began,
                day: visit.day,
                locked_at: ended,
                addendum_to: None,
            };
            self.out.push(encounter.into());
        }
        if let Some(usage) = offer.uses {
            let (lot, quantity) = self.use_lot(usage);
            let used = LotUse {
                id: LotUseId(self.id(ended)),
                encounter: id,
                lot,
                client: visit.client,
                quantity,
                day: visit.day,
            };
            self.out.push(used.into());
        }
        id
    }

    fn grant_key(&mut self, client: usize, at: Timestamp) {
        if self.people[client].key.is_some() {
            return;
        }
        let id = ClientKeyId(self.id(at));
        let key = ClientKey::make(&self.entropy);
        let owner = self.people[client].id;
        let sealed = seal_client_key(&self.team.clinical, owner, id, &key, &self.entropy);
        self.out.push(
            ClientKeyGrant {
                id,
                client: owner,
                sealed,
                made_at: at,
            }
            .into(),
        );
        self.people[client].key = Some((id, key));
    }
}

/// One to three different areas of the treatment.
fn some_areas(offer: &Offer, dice: &mut Dice) -> Vec<String> {
    let most = i32::try_from(offer.areas.len()).unwrap_or(1).min(3);
    let count = dice.between(1, most);
    let first = dice.index(offer.areas.len());
    let areas = offer.areas.iter().cycle().skip(first);
    areas
        .take(count.unsigned_abs() as usize)
        .map(|area| (*area).to_owned())
        .collect()
}

/// What a professional writes down.
fn note(offer: &Offer, areas: &[String], dice: &mut Dice) -> String {
    let complaint = dice.pick(&[
        "Refere incômodo com linhas de expressão.",
        "Satisfeita com o resultado da sessão anterior.",
        "Queixa de flacidez leve.",
        "Relata uso diário de filtro solar.",
        "Sem queixas novas; deseja manutenção.",
        "Pele sensibilizada após exposição ao sol no fim de semana.",
        "Relata boa tolerância ao procedimento anterior.",
    ]);
    let course = dice.pick(&[
        "Procedimento sem intercorrências.",
        "Leve eritema ao término, resolvido em 20 minutos.",
        "Equimose discreta em um ponto; orientada compressa fria.",
        "Boa tolerância, dor referida 3/10.",
        "Assepsia com clorexidina alcoólica; anestésico tópico por 30 minutos.",
    ]);
    let advice = dice.pick(&[
        "Orientações entregues por escrito.",
        "Evitar sol e calor por 7 dias.",
        "Não massagear a área por 24 horas.",
        "Manter hidratação e filtro solar FPS 50.",
        "Contato do plantão informado.",
    ]);
    let back = if offer.again >= 60 {
        format!("Retorno em {} meses.", offer.again / 30)
    } else {
        format!("Retorno em {} dias.", offer.again)
    };
    format!(
        "{complaint} {} em {}. {course} {advice} {back}",
        offer.name,
        areas.join(", ").to_lowercase()
    )
}
