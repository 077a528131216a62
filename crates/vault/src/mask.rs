//! Masking of personal data in free text, for logs: whatever a message carries by mistake, the file does not.

use std::io;

/// Replaces what looks like a CPF, a phone number or an e-mail address. Errs on the side of masking: any run of eight or
/// more digits, punctuated as such numbers are, loses its digits but for the last two.
pub fn mask_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, word) in split_keeping_blanks(text) {
        let _ = at;
        if is_address(word) {
            out.push_str("***@***")
        } else {
            out.push_str(word)
        }
    }
    mask_numbers(&out)
}

fn split_keeping_blanks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let boundary = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '"' | '\'' | ',' | ';' | '<' | '>' | '(' | ')' | '=' | ':'
            )
    };
    text.split_inclusive(boundary)
        .scan(0, move |start, piece| {
            let at = *start;
            *start += piece.len();
            Some((at, piece))
        })
        .flat_map(move |(at, piece)| {
            let body = piece.trim_end_matches(boundary);
            [(at, body), (at + body.len(), &piece[body.len()..])]
        })
}

fn is_address(word: &str) -> bool {
    word.split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}

fn mask_numbers(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let joined = |c: u8| c.is_ascii_digit() || matches!(c, b'.' | b'-' | b' ' | b'(' | b')');
        let starts = bytes[at].is_ascii_digit()
            || (bytes[at] == b'(' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit));
        let in_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        if !starts || in_word {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        let mut end = at;
        while end < bytes.len() && joined(bytes[end]) {
            end += 1;
        }
        while end > at && !bytes[end - 1].is_ascii_digit() {
            end -= 1;
        }
        let run = &bytes[at..end];
        let digits = run.iter().filter(|c| c.is_ascii_digit()).count();
        let continues = bytes.get(end).is_some_and(|c| c.is_ascii_alphanumeric());
        // Ten to thirteen digits are a CPF or a phone number; more or fewer are times, sizes and ids.
        if (10..=13).contains(&digits) && !continues {
            let mut seen = 0;
            for byte in run {
                seen += usize::from(byte.is_ascii_digit());
                out.push(if byte.is_ascii_digit() && seen + 2 <= digits {
                    b'*'
                } else {
                    *byte
                });
            }
        } else {
            out.extend_from_slice(run);
        }
        at = end.max(at + 1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A writer that masks every line on its way to another.
pub struct MaskingWriter<W: io::Write>(pub W);

impl<W: io::Write> io::Write for MaskingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .write_all(mask_text(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses_of_people_are_masked_and_the_rest_is_kept() {
        assert_eq!(
            mask_text("cpf 529.982.247-25 recusado"),
            "cpf ***.***.***-25 recusado"
        );
        assert_eq!(
            mask_text("cpf=52998224725, fone (11) 91234-5678."),
            "cpf=*********25, fone (**) *****-**78."
        );
        assert_eq!(
            mask_text("para maria@dominio.com.br: erro"),
            "para ***@***: erro"
        );
        let kept = "took 1500 us at 2026-11-23T08:12:44Z, blob 00ff12345678901234, seq 4711";
        assert_eq!(mask_text(kept), kept);
    }
}
