use super::*;
use crate::interval::Area;
use crate::recorder::Recorder;
use std::time::Duration;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const ALL: Range<i64> = i64::MIN..i64::MAX;

fn key(byte: u8) -> DatabaseKey {
    DatabaseKey::from_bytes(&[byte; 32]).unwrap()
}

fn measured(at: i64, micros: &[u64]) -> Interval {
    let recorder = Recorder::new();
    for micros in micros {
        recorder.record(
            Area::Command,
            "agenda_range",
            Duration::from_micros(*micros),
            true,
        );
    }
    Interval {
        at,
        series: recorder.take().series,
        failures: vec![("locked".into(), 1)],
        gauges: vec![("memory".into(), at as f64)],
    }
}

struct File {
    folder: tempfile::TempDir,
}

impl File {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("metrics.db")
    }

    fn open(&self) -> History {
        History::open(&self.path(), &key(1)).unwrap()
    }
}

fn begins(history: &History, resolution: Resolution) -> Vec<i64> {
    let read = history.read(ALL, resolution).unwrap();
    read.iter().map(|interval| interval.at).collect()
}

#[test]
fn minutes_and_hours_hold_every_measurement_of_their_seconds() {
    let file = File::new();
    let history = file.open();
    let mut all = Vec::new();
    for second in 0..150 * 60 {
        let micros = [
            100 + second as u64 % 97,
            1 + (second as u64 * 7919) % 2_000_000,
        ];
        all.extend(micros);
        // Every second of two and a half hours, so that the last hour and the last minute are still open.
        history.append(&measured(second * SECOND, &micros)).unwrap();
    }
    let expected = measured(0, &all).series[0].times.clone();
    for (resolution, count) in [(Resolution::Minute, 150), (Resolution::Hour, 3)] {
        let read = history.read(ALL, resolution).unwrap();
        assert_eq!(read.len(), count);
        let merged = coarser_all(&read);
        assert_eq!(merged.series[0].times, expected);
        assert_eq!(merged.failures, [("locked".to_owned(), 9000)]);
        assert_eq!(
            merged.gauge("memory"),
            Some((9000 * SECOND - SECOND) as f64)
        );
    }
}

fn coarser_all(intervals: &[Interval]) -> Interval {
    let mut merged = Interval::default();
    for interval in intervals {
        merged.merge(interval);
    }
    merged
}

#[test]
fn what_was_not_closed_is_there_after_reopening_and_is_closed_once() {
    let file = File::new();
    for second in 0..59 {
        // Opened anew for every second.
        file.open()
            .append(&measured(second * SECOND, &[100]))
            .unwrap();
    }
    let history = file.open();
    let open = history.read(ALL, Resolution::Minute).unwrap();
    assert_eq!((open.len(), open[0].series[0].times.len()), (1, 59));
    history.append(&measured(3 * HOUR, &[100])).unwrap();
    for resolution in [Resolution::Minute, Resolution::Hour] {
        let read = history.read(ALL, resolution).unwrap();
        let counts: Vec<(i64, u64)> = read
            .iter()
            .map(|interval| (interval.at, interval.series[0].times.len()))
            .collect();
        assert_eq!(counts, [(0, 59), (3 * HOUR, 1)]);
    }
}

#[test]
fn each_resolution_is_kept_as_long_as_it_may() {
    let file = File::new();
    let history = file.open();
    let year = 366 * 24 * HOUR;
    for at in [
        0,
        year,
        3 * year - 40 * 24 * HOUR,
        3 * year - 10 * 24 * HOUR,
        3 * year,
    ] {
        history.append(&measured(at, &[10])).unwrap();
    }
    assert_eq!(begins(&history, Resolution::Second), [3 * year]);
    assert_eq!(
        begins(&history, Resolution::Minute),
        [3 * year - 10 * 24 * HOUR, 3 * year]
    );
    assert_eq!(
        begins(&history, Resolution::Hour),
        [
            year,
            3 * year - 40 * 24 * HOUR,
            3 * year - 10 * 24 * HOUR,
            3 * year
        ]
    );
}

#[test]
fn seconds_never_number_more_than_an_hour_and_the_minute_going_on() {
    let file = File::new();
    let history = file.open();
    for second in 0..4000 {
        history.append(&measured(second * SECOND, &[10])).unwrap();
    }
    let count = begins(&history, Resolution::Second).len();
    assert!((3600..=3660).contains(&count), "{count}");
}

#[test]
fn a_clock_that_goes_back_loses_and_doubles_nothing() {
    let file = File::new();
    let history = file.open();
    for at in [
        HOUR,
        2 * HOUR,
        2 * HOUR + MINUTE,
        HOUR + SECOND,
        2 * HOUR + 2 * MINUTE,
        3 * HOUR,
        2 * HOUR,
    ] {
        history.append(&measured(at, &[10])).unwrap();
    }
    for resolution in [Resolution::Minute, Resolution::Hour] {
        let merged = coarser_all(&history.read(ALL, resolution).unwrap());
        assert_eq!(merged.series[0].times.len(), 7, "{resolution:?}");
    }
}

#[test]
fn a_range_holds_the_intervals_that_begin_in_it() {
    let file = File::new();
    let history = file.open();
    for second in 0..180 {
        history.append(&measured(second * SECOND, &[10])).unwrap();
    }
    let read = |range| {
        let read = history.read(range, Resolution::Minute).unwrap();
        read.iter()
            .map(|interval| (interval.at, interval.series[0].times.len()))
            .collect::<Vec<_>>()
    };
    assert_eq!(read(1..i64::MAX), [(MINUTE, 60), (2 * MINUTE, 60)]);
    assert_eq!(read(0..MINUTE + 1), [(0, 60), (MINUTE, 60)]);
    assert_eq!(read(0..2 * MINUTE), [(0, 60), (MINUTE, 60)]);
    assert_eq!(read(90 * SECOND..2 * MINUTE), []);
}

#[test]
fn wrong_key_is_reported_and_file_is_kept() {
    let file = File::new();
    file.open().append(&measured(0, &[10])).unwrap();
    let before = std::fs::read(file.path()).unwrap();
    assert!(matches!(
        History::open(&file.path(), &key(2)),
        Err(HistoryError::WrongKey)
    ));
    assert_eq!(std::fs::read(file.path()).unwrap(), before);
    assert_eq!(begins(&file.open(), Resolution::Second), [0]);
}

#[test]
fn a_newer_schema_is_reported_and_file_is_kept() {
    let file = File::new();
    {
        let history = file.open();
        history.append(&measured(0, &[10])).unwrap();
        let connection = history.connection();
        connection.pragma_update(None, "user_version", 9).unwrap();
    }
    let before = std::fs::read(file.path()).unwrap();
    assert!(matches!(
        History::open(&file.path(), &key(1)),
        Err(HistoryError::NewerSchema { found: 9, known: 1 })
    ));
    assert_eq!(std::fs::read(file.path()).unwrap(), before);
}

#[test]
fn a_full_disk_is_reported_and_what_was_kept_stays_readable() {
    let file = File::new();
    let history = file.open();
    history.append(&measured(0, &[10])).unwrap();
    let pages: u32 = history
        .connection()
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    // The database's own limit refuses with the error of a full disk.
    history
        .connection()
        .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
        .unwrap();
    let mut refused = None;
    let mut kept = 1;
    for second in 1..1000 {
        match history.append(&measured(second * SECOND, &[10])) {
            Ok(()) => kept += 1,
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    assert!(
        matches!(refused, Some(HistoryError::DiskFull)),
        "{refused:?}"
    );
    assert_eq!(begins(&history, Resolution::Second).len(), kept);
    assert_eq!(begins(&file.open(), Resolution::Second).len(), kept);
}

#[test]
fn a_damaged_interval_is_named() {
    let file = File::new();
    let history = file.open();
    history
        .connection()
        .execute("INSERT INTO minute (at, body) VALUES (60000, x'ff')", [])
        .unwrap();
    assert!(matches!(
        history.read(ALL, Resolution::Minute),
        Err(HistoryError::Damaged { at: 60_000, .. })
    ));
}

#[test]
fn measurements_are_not_readable_in_the_file() {
    let file = File::new();
    {
        file.open().append(&measured(0, &[10])).unwrap();
    }
    let bytes = std::fs::read(file.path()).unwrap();
    assert!(!bytes.windows(12).any(|part| part == b"agenda_range"));
    assert!(!bytes.starts_with(b"SQLite format 3"));
}
