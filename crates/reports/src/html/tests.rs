use super::*;
use crate::data::{ErrorRow, SeriesRow};
use crate::sample;

const ATTACK: &str = "<script>alert('x')</script>\" onload=\"y\" &amp; \u{0}=1+1";

/// Every text that comes from elsewhere is an attack.
fn attacked() -> PerformanceReport {
    let mut report = sample::hour();
    for text in [
        &mut report.title,
        &mut report.clinic,
        &mut report.device,
        &mut report.app_version,
    ] {
        *text = ATTACK.to_owned();
    }
    report.series = vec![SeriesRow {
        area: ATTACK.to_owned(),
        name: ATTACK.to_owned(),
        ..report.series[0].clone()
    }];
    report.caches[0].name = ATTACK.to_owned();
    report.errors = vec![ErrorRow {
        code: ATTACK.to_owned(),
        count: 1,
    }];
    report
}

#[test]
fn text_is_never_markup() {
    let page = performance_html(&attacked(), Locale::PtBr).unwrap();
    assert!(!page.contains("<script"));
    assert!(!page.contains("onload=\""));
    assert!(!page.contains('\0'));
    // Title twice, three facts, area and name, cache, error.
    assert_eq!(page.matches("&lt;script&gt;alert(&#39;x&#39;)").count(), 9);
    assert_eq!(page.matches("&amp;amp;").count(), 9);
}

#[test]
fn the_page_loads_nothing() {
    let page = performance_html(&sample::hour(), Locale::PtBr).unwrap();
    let namespace = "xmlns=\"http://www.w3.org/2000/svg\"";
    assert_eq!(page.matches(namespace).count(), 3);
    let rest = page.replace(namespace, "");
    for reference in [
        "http:", "https:", "url(", "src=", "href=", "@import", "<script",
    ] {
        assert!(!rest.contains(reference), "{reference}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn the_page_says_what_was_measured() {
    let report = sample::hour();
    let page = Page {
        report: &report,
        locale: Locale::PtBr,
    };
    insta::assert_snapshot!(
        "words",
        [page.header(), page.health(), page.series(), page.figures()].concat()
    );
}

#[test]
fn without_data_the_page_has_no_number() {
    let report = sample::nothing();
    let page = Page {
        report: &report,
        locale: Locale::PtBr,
    };
    let said = [
        page.health(),
        page.series(),
        page.caches(),
        page.errors(),
        page.figures(),
    ]
    .concat();
    assert_eq!(said.matches("sem dados").count(), 3);
    assert!(said.contains("Ainda sem medições"));
    let numbers = said
        .split(['<', '>'])
        .skip(2)
        .step_by(2)
        .filter(|text| text.contains(|sign: char| sign.is_ascii_digit()));
    assert_eq!(numbers.count(), 0, "{said}");
}

#[test]
fn the_other_language_has_its_own_words_and_numbers() {
    let page = performance_html(&sample::hour(), Locale::En).unwrap();
    for said in [
        "<html lang=\"en\">",
        "All fast: 99.3\u{a0}% of actions",
        "3,310",
        "2026-11-25 14:05",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("medid"));
}
