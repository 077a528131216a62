use super::*;
use crate::sample;

/// The names of the elements, in order, after checking that they are closed and that attributes are quoted and escaped.
fn elements(svg: &str) -> Vec<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut names = Vec::new();
    for part in svg.trim().split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("a tag ends");
        assert!(!text.contains('>'), "a stray sign in {text}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let quotes = attributes.matches('"').count();
        assert_eq!(quotes % 2, 0, "quotes of {tag}");
        names.push(name.to_owned());
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    names
}

fn count(svg: &str, name: &str) -> usize {
    elements(svg).iter().filter(|found| *found == name).count()
}

fn marks(svg: &str) -> Vec<&str> {
    let texts = svg.split("<text").skip(1);
    texts
        .filter_map(|text| text.split_once('>')?.1.split_once('<'))
        .map(|(text, _)| text.trim())
        .collect()
}

#[test]
fn lines_end_where_measurements_end() {
    let svg = latency_chart(&sample::hour(), Locale::PtBr).unwrap();
    // The base, and two lines of three stretches each: ten minutes have no point, one minute has no commands.
    assert_eq!(count(&svg, "polyline"), 1 + 2 * 3, "{svg}");
}

#[test]
fn a_lone_measurement_is_a_dot() {
    let mut report = sample::hour();
    report.points.truncate(1);
    let svg = latency_chart(&report, Locale::PtBr).unwrap();
    assert_eq!((count(&svg, "circle"), count(&svg, "polyline")), (2, 1));
}

#[test]
fn a_bar_stands_for_every_interval_with_commands_and_no_other() {
    let svg = commands_chart(&sample::hour(), Locale::PtBr).unwrap();
    let failed = sample::hour()
        .points
        .iter()
        .filter(|point| point.errors > 0)
        .count();
    assert_eq!(count(&svg, "rect"), 49 + failed);
}

#[test]
fn amounts_begin_at_zero_and_lines_carry_their_names() {
    let svg = latency_chart(&sample::hour(), Locale::PtBr).unwrap();
    let marks = marks(&svg);
    for mark in [
        "0",
        "100",
        "14:10",
        "15:00",
        "pior 1 % (p99)",
        "metade (p50)",
    ] {
        assert!(marks.contains(&mark), "{mark} in {marks:?}");
    }
    assert!(svg.contains("role=\"img\" aria-label=\"Tempo de resposta"));
}

#[test]
fn without_data_a_chart_says_so_and_draws_nothing() {
    for draw in [latency_chart, commands_chart, memory_chart] {
        let svg = draw(&sample::nothing(), Locale::PtBr).unwrap();
        assert_eq!(marks(&svg), ["sem dados"]);
        assert_eq!(elements(&svg), ["svg", "rect", "text"]);
    }
}

#[test]
fn points_outside_the_period_are_not_drawn() {
    let mut report = sample::nothing();
    report.points = sample::hour().points;
    report.period.from = report.period.until;
    report.period.until = report.period.from.plus_minutes(60);
    let svg = memory_chart(&report, Locale::PtBr).unwrap();
    assert_eq!(marks(&svg), ["sem dados"]);
}

#[test]
fn charts_are_well_formed_in_every_range() {
    for minutes in [5, 60, 24 * 60, 7 * 24 * 60, 30 * 24 * 60] {
        let mut report = sample::hour();
        report.period.until = report.period.from.plus_minutes(minutes);
        for draw in [latency_chart, commands_chart, memory_chart] {
            let svg = draw(&report, Locale::En).unwrap();
            let shown = marks(&svg).len();
            assert!((6..=20).contains(&shown), "{minutes}: {:?}", marks(&svg));
        }
    }
}
