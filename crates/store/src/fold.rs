//! Folding of text for search: what a person types without accents finds what was written with them.

/// Lower case, without accents and foreign letters of any alphabet's kind: `Łukasz Conceição` becomes `lukasz conceicao`.
/// SQLite's own folding leaves letters such as ł, ø and ß alone, so the folded text is a column of our own.
pub fn fold(text: &str) -> String {
    let plain = deunicode::deunicode(text).to_lowercase();
    let kept: String = plain
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' })
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The digits of a text.
pub(crate) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_case_and_foreign_letters_fold_away() {
        assert_eq!(
            fold("  Łukasz  CONCEIÇÃO d'Ávila "),
            "lukasz conceicao d avila"
        );
        assert_eq!(fold("Strauß Sørensen"), "strauss sorensen");
    }
}
