//! The console's log: one masked file per day beside the data, and nothing of a person in it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use vault::mask::MaskingWriter;

/// A log is begun anew when it is this long; the one before it is kept.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Writes to `espelho.log` in a folder, keeping one older file.
#[derive(Clone)]
struct LogFile(Arc<Mutex<Open>>);

struct Open {
    path: PathBuf,
    file: Option<fs::File>,
    length: u64,
}

impl Open {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.length >= LONGEST {
            self.file = None;
            fs::rename(&self.path, self.path.with_extension("old.log"))?;
        }
        if self.file.is_none() {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(&self.path)?;
            self.length = file.metadata()?.len();
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            file.write_all(line)?;
            self.length += line.len() as u64;
        }
        Ok(())
    }
}

/// One event on its way into the file.
struct Line(LogFile);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A log that cannot be written (a full disk) must not stop what it tells of.
        let _ = self
            .0
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = MaskingWriter<Line>;
    fn make_writer(&'a self) -> Self::Writer {
        MaskingWriter(Line(self.clone()))
    }
}

/// Begins to log into `folder`. Only the first call of a process has an effect: a process has one log.
pub(crate) fn start(folder: &Path) {
    if crate::files::make_private(folder).is_err() {
        return;
    }
    let file = LogFile(Arc::new(Mutex::new(Open {
        path: folder.join("espelho.log"),
        file: None,
        length: 0,
    })));
    let filter = EnvFilter::try_from_env("ESPELHO_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(file)
        .try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_in_a_message_do_not_reach_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = LogFile(Arc::new(Mutex::new(Open {
            path: folder.path().join("espelho.log"),
            file: None,
            length: 0,
        })));
        writeln!(
            file.make_writer(),
            "cpf 529.982.247-25 of ana@exemplo.com.br"
        )
        .unwrap();
        let text = fs::read_to_string(folder.path().join("espelho.log")).unwrap();
        assert!(
            text.contains("cpf") && !text.contains("982") && !text.contains("ana@"),
            "{text}"
        );
    }
}
