//! Phone numbers and e-mail addresses as a Brazilian clinic takes them down.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a phone number or an address was not taken. Never repeats what was typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ContactError {
    /// Neither a national number with area code nor an international one.
    #[error("type the phone with its area code, for example (11) 91234-5678")]
    Phone,
    /// Not an e-mail address.
    #[error("the e-mail needs a name, an @ and a domain, for example nome@exemplo.com.br")]
    Email,
}

/// A telephone number in E.164 digits without the plus: `5511912345678`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

impl Phone {
    /// Reads a Brazilian number with area code (10 or 11 digits, a mobile begins with 9), with or without `+55`, or any
    /// international number that begins with `+`.
    pub fn parse(text: &str) -> Result<Self, ContactError> {
        let trimmed = text.trim();
        let digits: String = trimmed.chars().filter(char::is_ascii_digit).collect();
        let foreign = trimmed
            .chars()
            .any(|c| !(c.is_ascii_digit() || matches!(c, '+' | '(' | ')' | '-' | ' ' | '.')));
        if foreign {
            return Err(ContactError::Phone);
        }
        let international = trimmed.starts_with('+') && !digits.starts_with("55");
        if international {
            return if (8..=15).contains(&digits.len()) {
                Ok(Self(digits))
            } else {
                Err(ContactError::Phone)
            };
        }
        let national = match digits.len() {
            12 | 13 if digits.starts_with("55") => &digits[2..],
            10 | 11 => digits.as_str(),
            _ => return Err(ContactError::Phone),
        };
        let area_code_exists = !national.starts_with('0') && national.as_bytes()[1] != b'0';
        let subscriber = national.as_bytes()[2];
        let kind_fits = match national.len() {
            11 => subscriber == b'9',
            _ => (b'2'..=b'8').contains(&subscriber),
        };
        if area_code_exists && kind_fits {
            Ok(Self(format!("55{national}")))
        } else {
            Err(ContactError::Phone)
        }
    }

    /// Country code and number, digits only.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// `(11) 91234-5678`; an international number keeps its plus.
    pub fn formatted(&self) -> String {
        self.split().map_or_else(
            || format!("+{}", self.0),
            |(area, first, last)| format!("({area}) {first}-{last}"),
        )
    }

    /// `(11) *****-5678`.
    pub fn masked(&self) -> String {
        self.split().map_or_else(
            || format!("+{}****{}", &self.0[..2], &self.0[self.0.len() - 2..]),
            |(area, first, last)| format!("({area}) {}-{last}", "*".repeat(first.len())),
        )
    }

    fn split(&self) -> Option<(&str, &str, &str)> {
        let national = self
            .0
            .strip_prefix("55")
            .filter(|n| matches!(n.len(), 10 | 11))?;
        let last = national.len() - 4;
        Some((&national[..2], &national[2..last], &national[last..]))
    }
}

impl TryFrom<String> for Phone {
    type Error = ContactError;
    fn try_from(text: String) -> Result<Self, ContactError> {
        // What was stored once is E.164 digits; it must keep reading back whatever today's numbering plan says.
        if (8..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self(text));
        }
        Self::parse(&text)
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.masked())
    }
}

/// An e-mail address, lower-case domain.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Checks the shape only (a name, an @, a domain with a dot): whether it exists, only a message can tell.
    pub fn parse(text: &str) -> Result<Self, ContactError> {
        let text = text.trim();
        let (name, host) = text.rsplit_once('@').ok_or(ContactError::Email)?;
        let labels_fit = host.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
        let name_fits = !name.is_empty()
            && name.len() <= 64
            && !name.starts_with('.')
            && !name.ends_with('.')
            && !name.chars().any(|c| {
                c.is_whitespace()
                    || c.is_control()
                    || matches!(c, '@' | ',' | ';' | '<' | '>' | '"')
            });
        if name_fits && labels_fit && host.contains('.') && text.len() <= 254 {
            Ok(Self(format!("{name}@{}", host.to_lowercase())))
        } else {
            Err(ContactError::Email)
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `m***@d***.br`.
    pub fn masked(&self) -> String {
        let (name, host) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
        let ending = host.rsplit('.').next().unwrap_or_default();
        format!("{}***@{}***.{ending}", first(name), first(host))
    }
}

impl TryFrom<String> for Email {
    type Error = ContactError;
    fn try_from(text: String) -> Result<Self, ContactError> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brazilian_numbers_are_read_however_typed() {
        for typed in [
            "(11) 91234-5678",
            "11912345678",
            "+55 11 91234 5678",
            "5511912345678",
        ] {
            assert_eq!(Phone::parse(typed).unwrap().formatted(), "(11) 91234-5678");
        }
        assert_eq!(
            Phone::parse("(21) 2345-6789").unwrap().formatted(),
            "(21) 2345-6789"
        );
        for wrong in [
            "91234-5678",
            "(11) 81234-5678",
            "(01) 91234-5678",
            "abc",
            "",
            "(11) 1234-5678",
        ] {
            assert!(Phone::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn masks_show_only_what_tells_two_people_apart() {
        assert_eq!(
            Phone::parse("11912345678").unwrap().masked(),
            "(11) *****-5678"
        );
        assert_eq!(
            Email::parse("maria@dominio.com.br").unwrap().masked(),
            "m***@d***.br"
        );
    }

    #[test]
    fn addresses_without_domain_or_with_blanks_are_refused() {
        for wrong in [
            "maria",
            "maria@",
            "@dominio.br",
            "ma ria@d.br",
            "m@d",
            "m@-d.br",
            ".m@d.br",
        ] {
            assert!(Email::parse(wrong).is_err(), "{wrong}");
        }
    }
}
