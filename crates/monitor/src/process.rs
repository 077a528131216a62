//! Memory and processor use of this process and of the web processes it started.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use sysinfo::{
    DiskRefreshKind, Disks, Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System,
};

/// What the app uses now. What the operating system does not tell is `None`, never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessUse {
    /// This process: proportional set size on Linux, resident set size elsewhere, in bytes.
    pub own_bytes: Option<u64>,
    /// Its descendants together, which hold the web page, in bytes; `None` when there is none.
    pub child_bytes: Option<u64>,
    /// Processor share of this process since the last look, 1.0 = one core; `None` at the first look.
    pub cpu: Option<f64>,
    /// Free bytes on the disk of the data folder.
    pub disk_free: Option<u64>,
}

/// Looks at the operating system's figures.
pub struct ProcessWatch(Mutex<Watched>);

struct Watched {
    system: System,
    /// The descendants of this process as of the last search.
    children: Vec<Pid>,
    disk_free: Option<u64>,
    looks: u32,
}

/// Reading every process and disk costs ten times as much as reading our own processes: it is done at every tenth look.
const SEARCH_EVERY: u32 = 10;

impl Default for ProcessWatch {
    fn default() -> Self {
        Self(Mutex::new(Watched {
            system: System::new(),
            children: Vec::new(),
            disk_free: None,
            looks: 0,
        }))
    }
}

impl ProcessWatch {
    /// Reads the figures. Takes some milliseconds: the owner calls it once a second, off the async threads.
    pub fn look(&self, data: &Path) -> ProcessUse {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.look(Pid::from_u32(std::process::id()), data)
    }
}

impl Watched {
    fn look(&mut self, own: Pid, data: &Path) -> ProcessUse {
        let first = self.looks == 0;
        if self.looks.is_multiple_of(SEARCH_EVERY) {
            self.refresh(ProcessesToUpdate::All);
            self.children = self.descendants(own);
            self.disk_free = free_bytes(data);
        } else {
            let ours: Vec<Pid> = self.children.iter().copied().chain([own]).collect();
            self.refresh(ProcessesToUpdate::Some(&ours));
        }
        self.looks = self.looks.wrapping_add(1);
        let process = self.system.process(own);
        ProcessUse {
            own_bytes: process.map(bytes),
            child_bytes: self
                .children
                .iter()
                .filter_map(|pid| self.system.process(*pid))
                .map(bytes)
                .reduce(u64::saturating_add),
            cpu: process
                .filter(|_| !first)
                .map(|process| f64::from(process.cpu_usage()) / 100.0),
            disk_free: self.disk_free,
        }
    }

    fn refresh(&mut self, which: ProcessesToUpdate<'_>) {
        let kind = ProcessRefreshKind::nothing().with_memory().with_cpu();
        self.system
            .refresh_processes_specifics(which, true, kind.without_tasks());
    }

    fn descendants(&self, own: Pid) -> Vec<Pid> {
        let processes = self.system.processes().iter();
        processes
            .filter(|(pid, process)| {
                process.thread_kind().is_none() && descends(&self.system, **pid, own)
            })
            .map(|(pid, _)| *pid)
            .collect()
    }
}

fn descends(system: &System, pid: Pid, own: Pid) -> bool {
    let mut at = pid;
    // A process table read while it changes could hold a loop.
    for _ in 0..32 {
        match system.process(at).and_then(Process::parent) {
            Some(parent) if parent == own => return true,
            Some(parent) => at = parent,
            None => return false,
        }
    }
    false
}

fn free_bytes(data: &Path) -> Option<u64> {
    // Mounts are named by absolute paths.
    let data = data.canonicalize().ok()?;
    Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing().with_storage())
        .iter()
        .filter(|disk| data.starts_with(disk.mount_point()))
        .max_by_key(|disk| disk.mount_point().as_os_str().len())
        .map(sysinfo::Disk::available_space)
}

fn bytes(process: &Process) -> u64 {
    proportional(process.pid().as_u32()).unwrap_or_else(|| process.memory())
}

/// Proportional set size: shared pages counted by their share, so that web processes are not counted twice. Only Linux
/// has the file; a sandboxed web process may not let itself be read, either.
fn proportional(pid: u32) -> Option<u64> {
    parse_rollup(&std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?)
}

fn parse_rollup(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_its_disk_has_a_size() {
        let watch = ProcessWatch::default();
        let seen = watch.look(&std::env::temp_dir());
        assert!(seen.own_bytes > Some(1024 * 1024), "{seen:?}");
        assert!(seen.disk_free > Some(0), "{seen:?}");
        assert_eq!(seen.cpu, None);
        assert!(watch.look(&std::env::temp_dir()).cpu.is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn processes_this_one_started_are_counted_apart() {
        let watch = ProcessWatch::default();
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let seen = watch.look(&std::env::temp_dir());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(seen.child_bytes > Some(0), "{seen:?}");
        assert_eq!(watch.look(&std::env::temp_dir()).child_bytes, None);
    }

    #[test]
    fn the_proportional_share_is_read_from_the_kernels_words() {
        let text = "55d0-7ffe ---p 00000000 00:00 0   [rollup]\nRss:   9000 kB\nPss:   4321 kB\nPss_Dirty: 12 kB\n";
        assert_eq!(parse_rollup(text), Some(4321 * 1024));
        assert_eq!(parse_rollup("Rss: 9000 kB\n"), None);
    }

    #[test]
    fn a_folder_that_does_not_exist_has_no_free_space() {
        assert_eq!(free_bytes(Path::new("/no/such/folder")), None);
    }
}
