//! Tables: rows in, a spreadsheet's file out.

use crate::ReportError;
use crate::locale::Locale;
use domain::time::{ClinicZone, Timestamp};

/// One value of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words. A spreadsheet never takes them for a formula.
    Text(String),
    /// A whole number.
    Count(u64),
    /// A number with so many decimals.
    Number(f64, usize),
    /// Date and time in the clinic's time zone.
    Time(Timestamp),
    /// Not measured: an empty cell, never a zero.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl Cell {
    /// A number where there is one.
    pub fn number(value: Option<f64>, decimals: usize) -> Self {
        value.map_or(Self::Empty, |value| Self::Number(value, decimals))
    }

    /// A whole number where there is one.
    pub fn count(value: Option<u64>) -> Self {
        value.map_or(Self::Empty, Self::Count)
    }

    fn written(&self, locale: Locale, zone: &ClinicZone) -> String {
        match self {
            Self::Text(text) => harmless(text),
            Self::Count(count) => count.to_string(),
            Self::Number(value, decimals) if value.is_finite() => {
                locale.plain_number(*value, *decimals)
            }
            Self::Time(at) => locale.date_time_seconds(zone, *at),
            Self::Number(..) | Self::Empty => String::new(),
        }
    }
}

/// A title, the names of the columns and the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it holds.
    pub title: String,
    /// One name per column, with the unit.
    pub columns: Vec<String>,
    /// Each as long as there are columns.
    pub rows: Vec<Vec<Cell>>,
}

/// Writes tables one below the other, each under its title and with an empty line between, as a spreadsheet of the
/// language opens it with a double click: UTF-8 with a byte order mark, the list separator and the decimal mark of the
/// language, lines ended by CR LF.
///
/// # Errors
/// When a row cannot be written.
pub fn csv(tables: &[Table], locale: Locale, zone: &ClinicZone) -> Result<Vec<u8>, ReportError> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(locale.cell_separator())
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer("\u{feff}".as_bytes().to_vec());
    for (number, table) in tables.iter().enumerate() {
        if number > 0 {
            writer.write_record([""])?;
        }
        writer.write_record([harmless(&table.title)])?;
        writer.write_record(table.columns.iter().map(|column| harmless(column)))?;
        for row in &table.rows {
            writer.write_record(row.iter().map(|cell| cell.written(locale, zone)))?;
        }
    }
    writer
        .into_inner()
        .map_err(|error| ReportError::Csv(error.into_error().into()))
}

/// A spreadsheet runs text that begins with one of these signs; an apostrophe before it says that it is text. Blanks
/// before the sign do not protect, and some spreadsheets take the wide forms for the narrow ones.
fn harmless(text: &str) -> String {
    let first = text.trim_start().chars().next();
    let formula = first.is_some_and(|sign| "=+-@＝＋－＠".contains(sign));
    if formula || text.starts_with(['\t', '\r', '\n']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8], separator: u8) -> Vec<Vec<String>> {
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap();
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(text);
        let records = reader.records().map(Result::unwrap);
        records
            .map(|record| record.iter().map(str::to_owned).collect())
            .collect()
    }

    fn one(cell: Cell, locale: Locale) -> String {
        let table = Table {
            title: "Tabela".into(),
            columns: vec!["Coluna".into()],
            rows: vec![vec![cell]],
        };
        let bytes = csv(&[table], locale, &ClinicZone::sao_paulo()).unwrap();
        rows(&bytes, locale.cell_separator())[2][0].clone()
    }

    #[test]
    fn formulas_in_text_are_text() {
        for text in [
            "=cmd|' /C calc'!A0",
            "+1",
            "-1+2",
            "@SUM(A1)",
            "\t=1",
            "  =1",
            "＝1",
            "\r\n=1",
        ] {
            assert_eq!(one(Cell::from(text), Locale::PtBr), format!("'{text}"));
        }
        assert_eq!(
            one(Cell::from("Ana = \"Bia\"; x"), Locale::PtBr),
            "Ana = \"Bia\"; x"
        );
    }

    #[test]
    fn a_negative_number_stays_a_number() {
        assert_eq!(one(Cell::Number(-1234.5, 2), Locale::PtBr), "-1234,50");
        assert_eq!(one(Cell::Number(-1234.5, 2), Locale::En), "-1234.50");
    }

    #[test]
    fn what_was_not_measured_is_an_empty_cell() {
        assert_eq!(one(Cell::count(None), Locale::PtBr), "");
        assert_eq!(one(Cell::number(Some(f64::NAN), 1), Locale::PtBr), "");
    }

    #[test]
    fn tables_come_one_below_the_other_and_are_read_back() {
        let table = |title: &str| Table {
            title: title.into(),
            columns: vec!["Nome; e mais".into(), "Vezes".into()],
            rows: vec![vec![Cell::from("linha\n\"dois\""), Cell::from(7)]],
        };
        let bytes = csv(
            &[table("Um"), table("Dois")],
            Locale::PtBr,
            &ClinicZone::sao_paulo(),
        )
        .unwrap();
        let read = rows(&bytes, b';');
        let expected: [&[&str]; 7] = [
            &["Um"],
            &["Nome; e mais", "Vezes"],
            &["linha\n\"dois\"", "7"],
            &[""],
            &["Dois"],
            &["Nome; e mais", "Vezes"],
            &["linha\n\"dois\"", "7"],
        ];
        assert_eq!(read, expected);
    }
}
