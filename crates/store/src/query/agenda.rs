//! The agenda.

use crate::column::Column as _;
use crate::table::{column, select};
use crate::{StoreError, Tx};
use domain::id::{AppointmentId, ClientId, RoomId, StaffId};
use domain::row::{Appointment, AppointmentStatus, ConsentPurpose, Table, VisitTicks};
use domain::time::Day;
use rusqlite::{OptionalExtension as _, Row, ToSql, params};

/// An appointment with what its card shows, assembled in one query.
#[derive(Clone, PartialEq, Debug)]
pub struct AgendaEntry {
    /// The appointment.
    pub appointment: Appointment,
    /// The name to call the client by; empty while the client's row has not arrived.
    pub client_name: String,
    /// The treatment's name.
    pub treatment_name: String,
    /// Whether the treatment needs a procedure consent.
    pub needs_consent: bool,
    /// Whether the treatment needs lots.
    pub needs_lot: bool,
    /// Whether a procedure consent holds.
    pub has_consent: bool,
    /// Active alerts on the client.
    pub alerts: u32,
    /// Completeness, `None` while nothing is.
    pub ticks: Option<VisitTicks>,
    /// Whether something about it waits for the server.
    pub pending: bool,
}

const ENTRY: &str = "SELECT a.id, a.client, a.staff, a.room, a.treatment, a.day, a.start_minute, a.duration_minutes, \
     a.status, a.arrived_at, a.started_at, a.finished_at, a.note, a.booked_by, a.booked_at, \
     coalesce(c.social_name, c.name, ''), coalesce(t.name, ''), coalesce(t.needs_consent, 0), coalesce(t.needs_lot, 0), \
     EXISTS (SELECT 1 FROM consent k WHERE k.client = a.client AND k.purpose = ?1 AND k.revoked_at IS NULL), \
     (SELECT count(*) FROM alert w WHERE w.client = a.client AND w.ended_at IS NULL), \
     v.id, v.notes, v.photos, v.lots, v.payment, \
     EXISTS (SELECT 1 FROM confirmed_image i WHERE i.tbl IN (?2, ?3) AND i.id = a.id) \
     FROM appointment a LEFT JOIN client c ON c.id = a.client LEFT JOIN treatment t ON t.id = a.treatment \
     LEFT JOIN visit_ticks v ON v.id = a.id ";

fn entry(row: &Row<'_>) -> rusqlite::Result<AgendaEntry> {
    let appointment = Appointment {
        id: column(row, 0)?,
        client: column(row, 1)?,
        staff: column(row, 2)?,
        room: column(row, 3)?,
        treatment: column(row, 4)?,
        day: column(row, 5)?,
        start_minute: column(row, 6)?,
        duration_minutes: column(row, 7)?,
        status: column(row, 8)?,
        arrived_at: column(row, 9)?,
        started_at: column(row, 10)?,
        finished_at: column(row, 11)?,
        note: column(row, 12)?,
        booked_by: column(row, 13)?,
        booked_at: column(row, 14)?,
    };
    let ticks = match column::<Option<domain::row::TicksId>>(row, 21)? {
        Some(id) => Some(VisitTicks {
            id,
            notes: column(row, 22)?,
            photos: column(row, 23)?,
            lots: column(row, 24)?,
            payment: column(row, 25)?,
        }),
        None => None,
    };
    Ok(AgendaEntry {
        appointment,
        client_name: column(row, 15)?,
        treatment_name: column(row, 16)?,
        needs_consent: column(row, 17)?,
        needs_lot: column(row, 18)?,
        has_consent: column(row, 19)?,
        alerts: column(row, 20)?,
        ticks,
        pending: column(row, 26)?,
    })
}

impl Tx<'_> {
    fn entries(
        &self,
        condition: &str,
        parameters: &[&dyn ToSql],
    ) -> Result<Vec<AgendaEntry>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{ENTRY}{condition}"))?;
        let care = ConsentPurpose::Care as i64;
        let (appointment, ticks) = (Table::Appointment as u8, Table::VisitTicks as u8);
        let mut all: Vec<&dyn ToSql> = vec![&care, &appointment, &ticks];
        all.extend_from_slice(parameters);
        let entries = statement
            .query_map(all.as_slice(), entry)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(entries)
    }

    /// Appointments of the days `from` to `to`, by day and start.
    pub fn agenda(&self, from: Day, to: Day) -> Result<Vec<AgendaEntry>, StoreError> {
        self.entries(
            "WHERE a.day BETWEEN ?4 AND ?5 ORDER BY a.day, a.start_minute, a.id",
            &[&from.to_column(), &to.to_column()],
        )
    }

    /// One appointment.
    pub fn agenda_entry(&self, id: AppointmentId) -> Result<Option<AgendaEntry>, StoreError> {
        Ok(self
            .entries("WHERE a.id = ?4", &[&id.to_column()])?
            .into_iter()
            .next())
    }

    /// A client's next appointment from `today` on that has not ended.
    pub fn next_visit(
        &self,
        client: ClientId,
        today: Day,
    ) -> Result<Option<AgendaEntry>, StoreError> {
        let found = self.entries(
            "WHERE a.client = ?4 AND a.day >= ?5 AND a.status <= 3 ORDER BY a.day, a.start_minute LIMIT 1",
            &[&client.to_column(), &today.to_column()],
        )?;
        Ok(found.into_iter().next())
    }

    /// A professional's appointments of one day.
    pub fn staff_day(&self, staff: StaffId, day: Day) -> Result<Vec<Appointment>, StoreError> {
        Ok(select::<Appointment>(
            self.connection,
            "WHERE staff = ?1 AND day = ?2",
            &[&staff.to_column(), &day.to_column()],
        )?)
    }

    /// Everybody's appointments of the days `from` to `to`, by day: what free places are found between.
    pub fn appointments(&self, from: Day, to: Day) -> Result<Vec<Appointment>, StoreError> {
        Ok(select::<Appointment>(
            self.connection,
            "WHERE day BETWEEN ?1 AND ?2 ORDER BY day",
            &[&from.to_column(), &to.to_column()],
        )?)
    }

    /// A room's appointments of one day.
    pub fn room_day(&self, room: RoomId, day: Day) -> Result<Vec<Appointment>, StoreError> {
        Ok(select::<Appointment>(
            self.connection,
            "WHERE room = ?1 AND day = ?2",
            &[&room.to_column(), &day.to_column()],
        )?)
    }

    /// The clients who come on a day, in order of arrival time: what the caches are warmed with.
    pub fn clients_of_day(&self, day: Day) -> Result<Vec<ClientId>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT DISTINCT client FROM appointment WHERE day = ?1 AND status <= 3 ORDER BY start_minute")?;
        let clients = statement.query_map([day.to_column()], |row| column(row, 0))?;
        Ok(clients.collect::<rusqlite::Result<Vec<_>>>()?)
    }

    /// The last day a client was treated, with how often they came and how often they did not.
    pub fn visit_counts(&self, client: ClientId) -> Result<(Option<Day>, u32, u32), StoreError> {
        let sql = "SELECT max(CASE WHEN status = ?2 THEN day END), total(status = ?2), total(status = ?3) \
             FROM appointment WHERE client = ?1";
        let counts = self
            .connection
            .prepare_cached(sql)?
            .query_row(
                params![
                    client.to_column(),
                    AppointmentStatus::Done as i64,
                    AppointmentStatus::NoShow as i64
                ],
                |row| {
                    let (done, missed): (f64, f64) = (row.get(1)?, row.get(2)?);
                    Ok((column(row, 0)?, done as u32, missed as u32))
                },
            )
            .optional()?;
        Ok(counts.unwrap_or((None, 0, 0)))
    }
}
