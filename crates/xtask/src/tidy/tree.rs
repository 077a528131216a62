//! The text files of the tree, read once for all rules.

use crate::stamp::read_files;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Directories that hold what is made, not what is written.
const MADE: [&str; 6] = ["target", "node_modules", "dist", "gen", ".git", "coverage"];

/// A text file of the tree.
#[derive(Debug)]
pub struct SourceFile {
    /// Relative to the root, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// The tree a rule looks at.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    files: Vec<SourceFile>,
}

impl Tree {
    /// Reads every text file; pictures, fonts and other binary files are left out.
    ///
    /// # Errors
    /// When a file or directory cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        let files = read_files(root, &|path| {
            path.rsplit('/')
                .next()
                .is_some_and(|name| MADE.contains(&name))
        })?;
        let files = files
            .into_iter()
            .filter_map(|(path, content)| {
                String::from_utf8(content)
                    .ok()
                    .map(|text| SourceFile { path, text })
            })
            .collect();
        Ok(Self {
            root: root.to_path_buf(),
            files,
        })
    }

    /// The root of the tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All text files, sorted by path.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The files whose names end so.
    pub fn ending<'a>(&'a self, endings: &'a [&str]) -> impl Iterator<Item = &'a SourceFile> {
        self.files
            .iter()
            .filter(|file| endings.iter().any(|end| file.path.ends_with(end)))
    }

    /// One file.
    pub fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }
}

/// A tree of planted files, for the rules' tests.
#[cfg(test)]
pub fn planted(files: &[(&str, &str)]) -> (tempfile::TempDir, Tree) {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let tree = Tree::read(root.path()).unwrap();
    (root, tree)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_and_what_is_not_text_is_left_out() {
        let (root, _) = planted(&[
            ("a.rs", ""),
            ("ui/node_modules/b.ts", ""),
            ("target/c.rs", ""),
        ]);
        std::fs::write(root.path().join("icon.png"), [0xff, 0xd8]).unwrap();
        let tree = Tree::read(root.path()).unwrap();
        let paths: Vec<&str> = tree.files().iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["a.rs"]);
    }
}
