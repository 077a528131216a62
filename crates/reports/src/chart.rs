//! Charts, as SVG. Lines end where measurements end; a bar stands where one was taken, and nowhere else.

use crate::ReportError;
use crate::axis::{Amounts, Times};
use crate::data::{PerformanceReport, Point};
use crate::locale::Locale;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Times, Amounts>>;

/// Twice the size at which it is shown, because the drawing library places everything on whole pixels.
const SIZE: (u32, u32) = (1440, 400);
/// Room at the right for the words at the ends of the lines.
const RIGHT: u32 = 210;
const LEFT: u32 = 84;
const FONT: &str = "Inter Variable, Inter, Segoe UI, system-ui, sans-serif";
/// The library divides sizes by 1.24.
const TEXT: f64 = 21.0 * 1.24;

/// Teal and vermilion differ in lightness and hue for every kind of colour vision; besides, each has its name beside it.
const FIRST: RGBColor = RGBColor(0x0d, 0x6b, 0x66);
const SECOND: RGBColor = RGBColor(0xc0, 0x4f, 0x00);
const BAR: RGBColor = RGBColor(0x5a, 0x9e, 0x99);
const GROUND: RGBColor = RGBColor(0xf4, 0xf5, 0xf5);
const GRID: RGBColor = RGBColor(0xe3, 0xe7, 0xe6);
const BASE: RGBColor = RGBColor(0x7d, 0x86, 0x85);
const MUTED: RGBColor = RGBColor(0x52, 0x5b, 0x5a);

/// Median and 99th percentile of the commands over time, in milliseconds.
///
/// # Errors
/// When the drawing cannot be made.
pub fn latency_chart(report: &PerformanceReport, locale: Locale) -> Result<String, ReportError> {
    let words = locale.words();
    let millis = |micros: Option<u64>| micros.map(|micros| micros as f64 / 1000.0);
    let lines = [
        Line {
            name: words.p99,
            colour: SECOND,
            values: values(report, |point| millis(point.command_p99_us)),
        },
        Line {
            name: words.p50,
            colour: FIRST,
            values: values(report, |point| millis(point.command_p50_us)),
        },
    ];
    let largest = largest(lines.iter().flat_map(|line| &line.values));
    let title = format!("{}, {}", words.latency, words.latency_unit);
    drawn(&title, |root| {
        let Some(largest) = largest else {
            return nothing(root, locale);
        };
        let mut chart = framed(root, report, Amounts::up_to(largest, 0.01), locale)?;
        for line in &lines {
            draw_line(&mut chart, line, report.period.interval_ms, false)?;
        }
        mark_peak(root, &chart, &lines[0], locale)?;
        name_ends(root, &chart, &lines)
    })
}

/// Commands per interval, and those that ended in an error.
///
/// # Errors
/// When the drawing cannot be made.
pub fn commands_chart(report: &PerformanceReport, locale: Locale) -> Result<String, ReportError> {
    let words = locale.words();
    let all = values(report, |point| Some(point.commands as f64));
    let failed = values(report, |point| {
        (point.errors > 0).then_some(point.errors as f64)
    });
    // Failed commands are commands, but the axis must hold whatever it is given.
    let largest = largest(all.iter().chain(&failed));
    drawn(words.rate, |root| {
        let Some(largest) = largest else {
            return nothing(root, locale);
        };
        let mut chart = framed(root, report, Amounts::up_to(largest, 1.0), locale)?;
        draw_bars(&mut chart, &all, report.period.interval_ms, BAR)?;
        draw_bars(&mut chart, &failed, report.period.interval_ms, SECOND)?;
        let x = (SIZE.0 - RIGHT + 14) as i32;
        word(root, words.commands, FIRST, (x, 40))?;
        if !failed.iter().all(|(_, value)| value.is_none()) {
            word(root, words.failed_commands, SECOND, (x, 72))?;
        }
        Ok(())
    })
}

/// Memory of the app's process over time, in megabytes.
///
/// # Errors
/// When the drawing cannot be made.
pub fn memory_chart(report: &PerformanceReport, locale: Locale) -> Result<String, ReportError> {
    let words = locale.words();
    let line = Line {
        name: words.memory_app,
        colour: FIRST,
        values: values(report, |point| {
            point.memory_bytes.map(|bytes| bytes as f64 / 1e6)
        }),
    };
    let title = format!("{}, {}", words.memory, words.memory_unit);
    drawn(&title, |root| {
        let Some(largest) = largest(&line.values) else {
            return nothing(root, locale);
        };
        let mut chart = framed(root, report, Amounts::up_to(largest, 1.0), locale)?;
        draw_line(&mut chart, &line, report.period.interval_ms, true)?;
        name_ends(root, &chart, std::slice::from_ref(&line))
    })
}

/// One value per point, in the order of time; `None` where it was not measured.
type Values = Vec<(i64, Option<f64>)>;

struct Line {
    name: &'static str,
    colour: RGBColor,
    values: Values,
}

fn values(report: &PerformanceReport, value: impl Fn(&Point) -> Option<f64>) -> Values {
    let period = report.period;
    report
        .points
        .iter()
        .filter(|point| (period.from..period.until).contains(&point.at))
        .map(|point| (point.at.0, value(point).filter(|value| value.is_finite())))
        .collect()
}

fn largest<'a>(values: impl IntoIterator<Item = &'a (i64, Option<f64>)>) -> Option<f64> {
    values
        .into_iter()
        .filter_map(|(_, value)| *value)
        .reduce(f64::max)
}

/// The stretches without a gap. A gap is a value that was not measured, or an interval that has no point.
fn stretches(values: &Values, interval_ms: u64) -> Vec<Vec<(i64, f64)>> {
    let reach = i64::try_from(interval_ms).unwrap_or(i64::MAX / 4) * 3 / 2;
    let mut stretches: Vec<Vec<(i64, f64)>> = Vec::new();
    let mut before = None;
    for (at, value) in values {
        let Some(value) = value else {
            before = None;
            continue;
        };
        let goes_on = before.is_some_and(|before| at - before <= reach);
        match stretches.last_mut().filter(|_| goes_on) {
            Some(stretch) => stretch.push((*at, *value)),
            None => stretches.push(vec![(*at, *value)]),
        }
        before = Some(*at);
    }
    stretches
}

fn failed<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> ReportError {
    ReportError::Chart(error.to_string())
}

fn drawn(
    title: &str,
    draw: impl FnOnce(&Area<'_>) -> Result<(), ReportError>,
) -> Result<String, ReportError> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        draw(&root)?;
        root.present().map_err(failed)?;
    }
    // The library has no words for those who do not see the picture.
    let named = format!(
        "<svg role=\"img\" aria-label=\"{}\" ",
        crate::html::escaped(title)
    );
    Ok(svg.replacen("<svg ", &named, 1))
}

fn style(colour: RGBColor) -> TextStyle<'static> {
    TextStyle {
        color: colour.to_backend_color(),
        ..TextStyle::from((FONT, TEXT).into_font())
    }
}

fn word(root: &Area<'_>, text: &str, colour: RGBColor, at: (i32, i32)) -> Result<(), ReportError> {
    let style = style(colour).pos(Pos::new(HPos::Left, VPos::Center));
    root.draw_text(text, &style, at).map_err(failed)
}

fn nothing(root: &Area<'_>, locale: Locale) -> Result<(), ReportError> {
    root.fill(&GROUND).map_err(failed)?;
    let style = style(MUTED).pos(Pos::new(HPos::Center, VPos::Center));
    let middle = ((SIZE.0 / 2) as i32, (SIZE.1 / 2) as i32);
    root.draw_text(locale.words().no_data, &style, middle)
        .map_err(failed)
}

/// Grid and marks. Amounts begin at zero.
fn framed<'a, 'b>(
    root: &'a Area<'b>,
    report: &PerformanceReport,
    amounts: Amounts,
    locale: Locale,
) -> Result<Chart<'a, 'b>, ReportError> {
    let times = Times::new(
        report.period.from,
        report.period.until,
        &report.zone,
        locale,
    );
    let mut chart = ChartBuilder::on(root)
        .margin_top(34)
        .margin_right(RIGHT)
        .x_label_area_size(44)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(times.clone(), amounts)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .axis_style(TRANSPARENT)
        .bold_line_style(GRID.stroke_width(2))
        .light_line_style(TRANSPARENT)
        .set_all_tick_mark_size(6)
        .label_style(style(MUTED))
        .x_label_formatter(&|at| times.label(*at))
        .y_label_formatter(&|amount| locale.number(*amount, amounts.decimals()))
        .draw()
        .map_err(failed)?;
    let ends = [report.period.from.0, report.period.until.0].map(|at| (at, 0.0));
    chart
        .draw_series([PathElement::new(ends, BASE.stroke_width(2))])
        .map_err(failed)?;
    Ok(chart)
}

fn draw_line(
    chart: &mut Chart<'_, '_>,
    line: &Line,
    interval_ms: u64,
    filled: bool,
) -> Result<(), ReportError> {
    for stretch in stretches(&line.values, interval_ms) {
        if let [alone] = stretch[..] {
            chart
                .draw_series([Circle::new(alone, 4, line.colour.filled())])
                .map_err(failed)?;
            continue;
        }
        if filled {
            let area = AreaSeries::new(stretch.iter().copied(), 0.0, line.colour.mix(0.12));
            chart.draw_series(area).map_err(failed)?;
        }
        let path = PathElement::new(stretch, line.colour.stroke_width(3));
        chart.draw_series([path]).map_err(failed)?;
    }
    Ok(())
}

fn draw_bars(
    chart: &mut Chart<'_, '_>,
    values: &Values,
    interval_ms: u64,
    colour: RGBColor,
) -> Result<(), ReportError> {
    let wide = i64::try_from(interval_ms).unwrap_or(i64::MAX / 4);
    let bars = values.iter().filter_map(|(at, value)| {
        let value = value.filter(|value| *value > 0.0)?;
        // A fifth of the interval stays free between bars.
        let corners = [(*at, value), (at + wide * 4 / 5, 0.0)];
        Some(Rectangle::new(corners, colour.filled()))
    });
    chart.draw_series(bars).map(drop).map_err(failed)
}

/// Writes the largest value of a line over it.
fn mark_peak(
    root: &Area<'_>,
    chart: &Chart<'_, '_>,
    line: &Line,
    locale: Locale,
) -> Result<(), ReportError> {
    let peak = line
        .values
        .iter()
        .filter_map(|(at, value)| value.map(|value| (*at, value)))
        .max_by(|(_, a), (_, b)| a.total_cmp(b));
    let Some((at, value)) = peak else {
        return Ok(());
    };
    let (x, y) = chart.backend_coord(&(at, value));
    let style = style(line.colour).pos(Pos::new(HPos::Center, VPos::Bottom));
    let text = locale.millis(value * 1000.0);
    root.draw_text(&text, &style, (x, y - 4)).map_err(failed)
}

/// Writes each line's name where it ends, moved apart where they would cover each other.
fn name_ends(root: &Area<'_>, chart: &Chart<'_, '_>, lines: &[Line]) -> Result<(), ReportError> {
    let mut below = i32::MIN;
    let mut ends: Vec<(i32, &Line)> = lines
        .iter()
        .filter_map(|line| {
            let (at, value) = line
                .values
                .iter()
                .rev()
                .find_map(|(at, value)| value.map(|value| (*at, value)))?;
            Some((chart.backend_coord(&(at, value)).1, line))
        })
        .collect();
    ends.sort_by_key(|(y, _)| *y);
    for (y, line) in ends {
        let y = y.clamp(16, SIZE.1 as i32 - 90).max(below);
        below = y + 30;
        word(
            root,
            line.name,
            line.colour,
            ((SIZE.0 - RIGHT + 14) as i32, y),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
