//! Where a server is and how it is recognised, and the link that brings both to a new console.

use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use vault::certificate::CertificatePin;
use vault::token::EnrolmentCode;

/// What an enrolment link begins with.
const SCHEME: &str = "espelho-enrol:";

/// A server: where it listens, and the only certificate that is accepted there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "ServerText", into = "ServerText")]
pub struct Server {
    /// `host:port`; an IPv6 address stands in brackets.
    pub address: String,
    /// The pin of its certificate.
    pub pin: CertificatePin,
}

/// A [`Server`] as it is stored: both parts as text.
#[derive(Clone, Serialize, Deserialize)]
struct ServerText {
    address: String,
    pin: String,
}

impl From<Server> for ServerText {
    fn from(server: Server) -> Self {
        Self {
            address: server.address,
            pin: server.pin.to_string(),
        }
    }
}

impl TryFrom<ServerText> for Server {
    type Error = AddressError;
    fn try_from(text: ServerText) -> Result<Self, AddressError> {
        Self::new(
            &text.address,
            text.pin.parse().map_err(|_| AddressError::Pin)?,
        )
    }
}

impl Server {
    /// A server at `host:port`.
    ///
    /// # Errors
    /// [`AddressError::Host`] when the text is not a host and a port.
    pub fn new(address: &str, pin: CertificatePin) -> Result<Self, AddressError> {
        let server = Self {
            address: address.to_owned(),
            pin,
        };
        server.name()?;
        Ok(server)
    }

    /// The host as TLS wants it.
    pub(super) fn name(&self) -> Result<ServerName<'static>, AddressError> {
        let (host, port) = self.address.rsplit_once(':').ok_or(AddressError::Host)?;
        let port: u16 = port.parse().map_err(|_| AddressError::Host)?;
        let bracketed = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        // Without brackets it could not be told where an IPv6 address ends and the port begins.
        if port == 0 || (bracketed.is_none() && host.contains(':')) {
            return Err(AddressError::Host);
        }
        ServerName::try_from(bracketed.unwrap_or(host).to_owned()).map_err(|_| AddressError::Host)
    }
}

/// What a person pastes to enrol a console: `espelho-enrol:host:port?pin=…&code=…`.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolLink {
    /// The server.
    pub server: Server,
    /// The one-time code.
    pub code: EnrolmentCode,
}

impl fmt::Debug for EnrolLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The code lets anybody in who sees it in time.
        f.debug_struct("EnrolLink")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// A text that is no enrolment link, or a server's address that is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddressError {
    /// Something else was pasted.
    #[error("this is no enrolment link; copy the whole line that begins with {SCHEME}")]
    NotALink,
    /// No host and port.
    #[error("the server's address is not host:port; copy the whole enrolment link again")]
    Host,
    /// No certificate pin.
    #[error("the certificate pin is missing or damaged; copy the whole enrolment link again")]
    Pin,
    /// No enrolment code.
    #[error("the enrolment code is missing or damaged; copy the whole enrolment link again")]
    Code,
}

impl AddressError {
    /// Stable name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotALink => "not_an_enrolment_link",
            Self::Host => "server_address",
            Self::Pin => "certificate_pin",
            Self::Code => "enrolment_code",
        }
    }
}

impl FromStr for EnrolLink {
    type Err = AddressError;

    /// Reads a link as it was pasted. Blanks and line breaks anywhere are passed over, because no part of a link has any
    /// and mail programs put them in; parameters that this build does not know are too.
    fn from_str(pasted: &str) -> Result<Self, AddressError> {
        let text: String = pasted.chars().filter(|c| !c.is_whitespace()).collect();
        let rest = text
            .get(..SCHEME.len())
            .filter(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
            .map(|scheme| &text[scheme.len()..])
            .ok_or(AddressError::NotALink)?;
        let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let parameter = |wanted: &str| {
            parameters
                .split('&')
                .filter_map(|one| one.split_once('='))
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value)
        };
        let pin = parameter("pin").ok_or(AddressError::Pin)?;
        let code = parameter("code").ok_or(AddressError::Code)?;
        Ok(Self {
            server: Server::new(address, pin.parse().map_err(|_| AddressError::Pin)?)?,
            code: EnrolmentCode::parse(code).ok_or(AddressError::Code)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIN: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn link(text: &str) -> Result<EnrolLink, AddressError> {
        text.parse()
    }

    #[test]
    fn a_pasted_link_is_read_whatever_the_mail_program_did_to_it() {
        for text in [
            format!("espelho-enrol:192.168.0.10:7443?pin={PIN}&code=ABCD-EFGH-JKMN"),
            format!(
                "  Espelho-Enrol:192.168.0.10:7443?code=abcdefghjkmn&new=1\n &pin={}\r\n{} \n",
                &PIN[..40],
                &PIN[40..]
            ),
        ] {
            let link = link(&text).unwrap();
            assert_eq!(link.server.address, "192.168.0.10:7443");
            assert_eq!(link.server.pin.to_string(), PIN);
            assert_eq!(link.code.formatted(), "ABCD-EFGH-JKMN");
        }
    }

    #[test]
    fn what_is_wrong_with_a_link_is_said() {
        let code = "code=ABCD-EFGH-JKMN";
        for (text, error) in [
            (String::new(), AddressError::NotALink),
            ("ABCD-EFGH-JKMN".to_owned(), AddressError::NotALink),
            ("espelho-enrol:abc".to_owned(), AddressError::Pin),
            (
                format!("espelho-enrol:abc?pin={PIN}&{code}"),
                AddressError::Host,
            ),
            (
                format!("espelho-enrol:abc:0?pin={PIN}&{code}"),
                AddressError::Host,
            ),
            (
                format!("espelho-enrol:::1:7443?pin={PIN}&{code}"),
                AddressError::Host,
            ),
            (
                format!("espelho-enrol:abc:7443?pin={}&{code}", &PIN[1..]),
                AddressError::Pin,
            ),
            (
                format!("espelho-enrol:abc:7443?pin={PIN}&code=ABCD"),
                AddressError::Code,
            ),
            (
                format!("espelho-enrol:abc:7443?pin={PIN}"),
                AddressError::Code,
            ),
        ] {
            assert_eq!(link(&text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn names_and_addresses_of_both_kinds_are_servers() {
        let pin = PIN.parse().unwrap();
        for address in ["clinica.local:7443", "10.0.0.2:1", "[::1]:7443"] {
            assert!(Server::new(address, pin).is_ok(), "{address}");
        }
        assert!(Server::new("a b:7443", pin).is_err());
    }

    #[test]
    fn a_server_is_stored_as_text() {
        let server = Server::new("clinica.local:7443", PIN.parse().unwrap()).unwrap();
        let stored = serde_json::to_string(&server).unwrap();
        assert_eq!(
            stored,
            format!(r#"{{"address":"clinica.local:7443","pin":"{PIN}"}}"#)
        );
        assert_eq!(serde_json::from_str::<Server>(&stored).unwrap(), server);
        let damaged = stored.replace("7443", "port");
        assert!(serde_json::from_str::<Server>(&damaged).is_err());
    }

    #[test]
    fn the_code_is_not_printed() {
        let text = format!("espelho-enrol:a:1?pin={PIN}&code=ABCD-EFGH-JKMN");
        assert!(!format!("{:?}", link(&text).unwrap()).contains("ABCD"));
    }
}
