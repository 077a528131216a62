//! Skips work whose inputs have not changed since it last succeeded.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Remembers, in one small file, the hash of the inputs of the last successful run of a step.
#[derive(Debug)]
pub struct Stamp {
    file: PathBuf,
    hash: String,
}

impl Stamp {
    /// A stamp kept in `file` over `inputs`: (name, content) pairs, in a stable order.
    pub fn of<'a>(file: PathBuf, inputs: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for (name, content) in inputs {
            for part in [name.as_bytes(), content] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
        Self {
            file,
            hash: hasher.finalize().to_hex().to_string(),
        }
    }

    /// Whether the step already ran on exactly these inputs.
    pub fn is_current(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|kept| kept.trim() == self.hash)
    }

    /// Records that the step succeeded.
    ///
    /// # Errors
    /// When the stamp file cannot be written.
    pub fn keep(&self) -> Result<()> {
        if let Some(directory) = self.file.parent() {
            std::fs::create_dir_all(directory)
                .with_context(|| format!("making {}", directory.display()))?;
        }
        std::fs::write(&self.file, &self.hash)
            .with_context(|| format!("writing {}", self.file.display()))
    }

    /// Forgets the last success, before the step starts to change its outputs.
    pub fn forget(&self) {
        // A stamp that was never there is as good as a removed one.
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Every file under `root` as (path relative to it, content), sorted; directories for which `skip` is true are left out.
///
/// # Errors
/// When a file or directory cannot be read.
pub fn read_files(root: &Path, skip: &dyn Fn(&str) -> bool) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut waiting = vec![root.to_path_buf()];
    while let Some(directory) = waiting.pop() {
        let entries = std::fs::read_dir(&directory)
            .with_context(|| format!("reading {}", directory.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("reading {}", directory.display()))?;
            let path = entry.path();
            let relative = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            let kind = entry
                .file_type()
                .with_context(|| format!("reading {}", path.display()))?;
            if skip(&relative) {
                continue;
            }
            if kind.is_dir() {
                waiting.push(path);
            } else if kind.is_file() {
                match std::fs::read(&path) {
                    Ok(content) => files.push((relative, content)),
                    // An editor's temporary file may vanish between the listing and the reading.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => {
                        return Err(error).with_context(|| format!("reading {}", path.display()));
                    }
                }
            }
        }
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_current_only_for_the_inputs_it_ran_on() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("stamp");
        let first = Stamp::of(file.clone(), [("lock", b"one".as_slice())]);
        assert!(!first.is_current());
        first.keep().unwrap();
        assert!(first.is_current());
        assert!(!Stamp::of(file.clone(), [("lock", b"two".as_slice())]).is_current());
        assert!(!Stamp::of(file, [("loc", b"kone".as_slice())]).is_current());
        first.forget();
        assert!(!first.is_current());
    }

    #[test]
    fn files_are_read_in_a_stable_order_without_the_skipped_directories() {
        let root = tempfile::tempdir().unwrap();
        for name in ["b/two.ts", "a.ts", "node_modules/x.js"] {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
        let names: Vec<String> = read_files(root.path(), &|path| path == "node_modules")
            .unwrap()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["a.ts", "b/two.ts"]);
    }
}
