//! A report for tests.

use crate::data::*;
use domain::time::{ClinicZone, Timestamp};

/// 25/11/2026 14:05 in São Paulo.
pub(crate) const BEGIN: i64 = 1_795_626_300_000;
pub(crate) const MINUTE: i64 = 60_000;

/// An hour by minutes, measured but for ten minutes in the middle.
pub(crate) fn hour() -> PerformanceReport {
    let points = (0..60)
        .filter(|minute| !(20..30).contains(minute))
        .map(|minute: i64| {
            let swing = (minute * 7919 % 41) as u64;
            let spike = if minute == 44 { 61_000 } else { 0 };
            let commands = if minute == 50 { 0 } else { 20 + swing };
            Point {
                at: Timestamp(BEGIN + minute * MINUTE),
                commands,
                errors: u64::from(minute % 17 == 3) * 4,
                command_p50_us: (commands > 0).then_some(900 + swing * 40),
                command_p99_us: (commands > 0).then_some(12_000 + swing * 700 + spike),
                query_p99_us: Some(700 + swing * 12),
                memory_bytes: Some(180_000_000 + minute as u64 * 600_000 + swing * 90_000),
                cpu_cores: Some(0.03),
            }
        });
    let series = [
        ("command", "photo_import", 12, 1, 84_000_u64),
        ("screen", "client_open", 131, 0, 38_400),
        ("command", "agenda_range", 1_204, 0, 4_100),
        ("command", "client_search", 3_310, 4, 2_250),
        ("query", "appointment_by_day", 5_210, 0, 640),
    ];
    PerformanceReport {
        title: "Desempenho".into(),
        clinic: "Clínica Aurora".into(),
        device: "Recepção 1".into(),
        app_version: "0.1.0".into(),
        period: Period {
            from: Timestamp(BEGIN),
            until: Timestamp(BEGIN + 60 * MINUTE),
            interval_ms: MINUTE as u64,
        },
        generated_at: Timestamp(BEGIN + 60 * MINUTE),
        zone: ClinicZone::sao_paulo(),
        health: Health {
            level: HealthLevel::Good,
            samples: 4_526,
            share_within: 0.9931,
            within_ms: 40.0,
            error_share: 0.0011,
        },
        series: series
            .map(|(area, name, count, errors, p99)| SeriesRow {
                area: area.into(),
                name: name.into(),
                count,
                errors,
                p50_us: Some(p99 / 4),
                p95_us: Some(p99 / 2),
                p99_us: Some(p99),
                max_us: Some(p99 * 3),
            })
            .into(),
        points: points.collect(),
        caches: vec![cache("client_profiles", 412, 96), cache("photos", 0, 0)],
        errors: vec![ErrorRow {
            code: "conflict".into(),
            count: 5,
        }],
        photos: Some(PhotoFigures {
            photos: 1_830,
            backlog: 0,
            original_bytes: 7_412_000_000,
            rendition_bytes: 912_000_000,
            imported: 24,
            failed: 1,
        }),
        sync: Some(SyncFigures {
            online: true,
            pending: 0,
            parked: 1,
            received_bytes: 3_412_000,
            sent_bytes: 912_400,
            receipt_p50_ms: Some(41.0),
            receipt_p99_ms: None,
        }),
        memory: MemoryFigures {
            app_bytes: Some(214_300_000),
            web_bytes: Some(131_000_000),
            cache_bytes: Some(8_200_000),
            page_cache_budget_bytes: Some(64_000_000),
            database_bytes: Some(48_300_000),
            disk_free_bytes: None,
        },
    }
}

fn cache(name: &str, hits: u64, misses: u64) -> CacheRow {
    CacheRow {
        name: name.into(),
        entries: misses,
        capacity: 1_000,
        bytes: misses * 2_100,
        ttl_seconds: 300,
        hits,
        misses,
        evictions: 0,
        hit_ratio: (hits + misses > 0).then(|| hits as f64 / (hits + misses) as f64),
        load_mean_us: (misses > 0).then_some(840),
    }
}

/// The same console before anything was measured.
pub(crate) fn nothing() -> PerformanceReport {
    PerformanceReport {
        health: Health {
            level: HealthLevel::NoData,
            samples: 0,
            share_within: 0.0,
            within_ms: 40.0,
            error_share: 0.0,
        },
        series: Vec::new(),
        points: Vec::new(),
        caches: Vec::new(),
        errors: Vec::new(),
        photos: None,
        sync: None,
        memory: MemoryFigures::default(),
        ..hour()
    }
}
