//! CPF: the Brazilian natural person's taxpayer number.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Eleven digits whose two last check the others (Receita Federal's modulo 11). Stored without punctuation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cpf(String);

/// Why a text is not a CPF. Never repeats the text: it may be somebody's number with one digit wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CpfError {
    /// Not eleven digits once punctuation is taken away.
    #[error("a CPF has 11 digits; type all of them")]
    Length,
    /// The check digits do not fit the others, or all digits are equal.
    #[error("the CPF's check digits do not match; look for a mistyped digit")]
    CheckDigits,
}

impl Cpf {
    /// Reads a CPF with or without punctuation.
    pub fn parse(text: &str) -> Result<Self, CpfError> {
        let digits: Vec<u8> = text
            .bytes()
            .filter(u8::is_ascii_digit)
            .map(|b| b - b'0')
            .collect();
        let foreign = text
            .chars()
            .any(|c| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '/' | ' '));
        if digits.len() != 11 || foreign {
            return Err(CpfError::Length);
        }
        let all_equal = digits.iter().all(|d| *d == digits[0]);
        if all_equal
            || check_digit(&digits[..9]) != digits[9]
            || check_digit(&digits[..10]) != digits[10]
        {
            return Err(CpfError::CheckDigits);
        }
        Ok(Self(digits.iter().map(|d| char::from(b'0' + d)).collect()))
    }

    /// Completes nine digits with their two check digits; `None` when all nine are equal, which no real CPF is.
    pub fn from_base(base: [u8; 9]) -> Option<Self> {
        let mut digits = base.to_vec();
        digits.push(check_digit(&digits));
        digits.push(check_digit(&digits));
        Self::parse(
            &digits
                .iter()
                .map(|d| char::from(b'0' + d % 10))
                .collect::<String>(),
        )
        .ok()
    }

    /// The eleven digits without punctuation.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// `123.456.789-09`.
    pub fn formatted(&self) -> String {
        let d = &self.0;
        format!("{}.{}.{}-{}", &d[..3], &d[3..6], &d[6..9], &d[9..])
    }

    /// `***.456.789-**`, the form shown until somebody asks for the whole.
    pub fn masked(&self) -> String {
        format!("***.{}.{}-**", &self.0[3..6], &self.0[6..9])
    }
}

/// Modulo-11 check digit over `digits`, weights falling to 2 at the last.
fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits
        .iter()
        .rev()
        .zip(2_u32..)
        .map(|(d, weight)| u32::from(*d) * weight)
        .sum();
    match sum * 10 % 11 {
        10 => 0,
        rest => u8::try_from(rest).unwrap_or(0),
    }
}

impl TryFrom<String> for Cpf {
    type Error = CpfError;
    fn try_from(text: String) -> Result<Self, CpfError> {
        Self::parse(&text)
    }
}

impl From<Cpf> for String {
    fn from(cpf: Cpf) -> Self {
        cpf.0
    }
}

impl fmt::Debug for Cpf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cpf({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn punctuation_is_optional() {
        assert_eq!(
            Cpf::parse("529.982.247-25").unwrap(),
            Cpf::parse("52998224725").unwrap()
        );
    }

    #[test]
    fn equal_digits_and_wrong_check_digits_are_refused() {
        assert_eq!(Cpf::parse("111.111.111-11"), Err(CpfError::CheckDigits));
        assert_eq!(Cpf::parse("529.982.247-26"), Err(CpfError::CheckDigits));
        assert_eq!(Cpf::parse("529.982.247"), Err(CpfError::Length));
        assert_eq!(Cpf::parse("529a982b247c25"), Err(CpfError::Length));
    }

    proptest! {
        /// A completed number reads back, and a wrong last digit is always noticed. (A wrong digit elsewhere may not be:
        /// the remainders 0 and 10 give the same check digit.)
        #[test]
        fn completed_numbers_read_back(base in proptest::array::uniform9(0_u8..10), add in 1_u8..10) {
            if let Some(cpf) = Cpf::from_base(base) {
                prop_assert_eq!(Cpf::parse(&cpf.formatted()).unwrap(), cpf.clone());
                let mut digits: Vec<u8> = cpf.digits().bytes().collect();
                digits[10] = b'0' + (digits[10] - b'0' + add) % 10;
                prop_assert!(Cpf::parse(std::str::from_utf8(&digits).unwrap()).is_err());
            }
        }
    }
}
