//! The one directory a demo lives in: the clinic's server, its consoles and their logs.

use crate::desktop::private_directory;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Says that a directory is ours to delete.
const MARKER: &str = ".espelho-demo";
const LOCK: &str = ".lock";
const NOTES: &str = "demo.json";

/// What one run leaves for the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// How many clients the clinic was made with.
    pub clients: u32,
    /// How many photos the clinic was made with.
    pub photos: u32,
    /// The server's port: an enrolled console looks for it there.
    pub port: Option<u16>,
}

/// The demo's directory, locked for this command.
#[derive(Debug)]
pub struct Home {
    root: PathBuf,
    notes: Notes,
    _lock: File,
}

/// Where demos live: `espelho-demo` in the person's data directory.
///
/// # Errors
/// When neither `XDG_DATA_HOME` nor `HOME` says where that is.
pub fn place() -> Result<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    match (absolute("XDG_DATA_HOME"), absolute("HOME")) {
        (Some(data), _) => Ok(data.join("espelho-demo")),
        (None, Some(home)) => Ok(home.join(".local/share/espelho-demo")),
        (None, None) => {
            bail!("neither XDG_DATA_HOME nor HOME is set, so there is no place for the demo's data")
        }
    }
}

impl Home {
    /// Opens or makes the directory. `fresh` empties it first.
    ///
    /// # Errors
    /// When it holds something that is not ours, or another command is using it.
    pub fn open(root: PathBuf, fresh: bool) -> Result<Self> {
        private_directory(&root)?;
        let is_ours = root.join(MARKER).is_file();
        if !is_ours && !is_empty(&root)? {
            bail!(
                "{} exists and was not made by this command: move it away",
                root.display()
            );
        }
        std::fs::write(
            root.join(MARKER),
            "Made by `cargo xtask run`, which may delete it.\n",
        )
        .with_context(|| format!("writing in {}", root.display()))?;
        let lock =
            File::create(root.join(LOCK)).with_context(|| format!("locking {}", root.display()))?;
        if lock.try_lock().is_err() {
            bail!(
                "another `cargo xtask run` is using {}: stop it first",
                root.display()
            );
        }
        if fresh {
            empty(&root)?;
        }
        private_directory(&root.join("logs"))?;
        let notes = match std::fs::read(root.join(NOTES)) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
                format!(
                    "reading {}; --fresh makes a new demo",
                    root.join(NOTES).display()
                )
            })?,
            Err(_) => Notes::default(),
        };
        Ok(Self {
            root,
            notes,
            _lock: lock,
        })
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where everything that runs writes its log.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// The clinic's own data.
    pub fn server(&self) -> PathBuf {
        self.root.join("server")
    }

    /// What the last run left.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Keeps something for the next run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note(&mut self, change: impl FnOnce(&mut Notes)) -> Result<()> {
        change(&mut self.notes);
        let file = self.root.join(NOTES);
        let text = serde_json::to_string_pretty(&self.notes).context("writing the demo's notes")?;
        std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))
    }
}

fn is_empty(directory: &Path) -> Result<bool> {
    let mut entries =
        std::fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))?;
    Ok(entries.next().is_none())
}

/// Removes everything but the marker and the lock this command holds.
fn empty(root: &Path) -> Result<()> {
    for entry in std::fs::read_dir(root).with_context(|| format!("reading {}", root.display()))? {
        let entry = entry.with_context(|| format!("reading {}", root.display()))?;
        if entry.file_name() == MARKER || entry.file_name() == LOCK {
            continue;
        }
        let path = entry.path();
        let kind = entry
            .file_type()
            .with_context(|| format!("reading {}", path.display()))?;
        // A link is removed, never followed.
        let removed = if kind.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.with_context(|| format!("deleting {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_elses_directory_is_refused_and_untouched() {
        let root = tempfile::tempdir().unwrap();
        let letter = root.path().join("letter.txt");
        std::fs::write(&letter, "mine").unwrap();
        let error = Home::open(root.path().to_path_buf(), true)
            .unwrap_err()
            .to_string();
        assert!(error.contains("was not made by this command"), "{error}");
        assert_eq!(std::fs::read_to_string(letter).unwrap(), "mine");
        assert!(!root.path().join(MARKER).exists());
    }

    #[test]
    fn fresh_empties_our_directory_and_does_not_follow_links_out_of_it() {
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("kept"), "kept").unwrap();
        let mut home = Home::open(root.path().to_path_buf(), false).unwrap();
        home.note(|notes| notes.port = Some(4000)).unwrap();
        std::fs::create_dir(home.server()).unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("link")).unwrap();
        drop(home);

        let again = Home::open(root.path().to_path_buf(), true).unwrap();
        assert_eq!(again.notes(), &Notes::default());
        assert!(!again.server().exists());
        assert!(!root.path().join("link").exists());
        assert!(outside.path().join("kept").exists());
    }

    #[test]
    fn two_runs_never_share_a_demo() {
        let root = tempfile::tempdir().unwrap();
        let first = Home::open(root.path().to_path_buf(), false).unwrap();
        let error = Home::open(root.path().to_path_buf(), true)
            .unwrap_err()
            .to_string();
        assert!(error.contains("another"), "{error}");
        drop(first);
        Home::open(root.path().to_path_buf(), false).unwrap();
    }

    #[test]
    fn notes_reach_the_next_run() {
        let root = tempfile::tempdir().unwrap();
        Home::open(root.path().to_path_buf(), false)
            .unwrap()
            .note(|notes| notes.port = Some(4000))
            .unwrap();
        assert_eq!(
            Home::open(root.path().to_path_buf(), false)
                .unwrap()
                .notes()
                .port,
            Some(4000)
        );
    }
}
