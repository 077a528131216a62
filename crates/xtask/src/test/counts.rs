//! Real counts out of what the test runners say.

use anyhow::{Context, Result};

/// How many checks passed and how many failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Checks that hold.
    pub passed: u32,
    /// Checks that do not hold, or could not be made.
    pub failed: u32,
}

impl Count {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
        }
    }

    /// A runner that failed without naming a failed test still failed once.
    #[must_use]
    pub fn with_outcome(self, succeeded: bool) -> Self {
        if succeeded || self.failed > 0 {
            self
        } else {
            Self { failed: 1, ..self }
        }
    }

    /// The closing line.
    pub fn summary(self) -> String {
        format!("espelho: {} passed, {} failed", self.passed, self.failed)
    }
}

/// The counts of a JUnit report as nextest writes it: every `<testsuite>` says how many tests it ran and how many of
/// them failed or did not run to their end.
///
/// # Errors
/// When the text holds no such report.
pub fn junit(text: &str) -> Result<Count> {
    let total = text
        .split("<testsuites ")
        .nth(1)
        .and_then(|rest| rest.split('>').next());
    let total = total.context("the test runner's report has no <testsuites>")?;
    let number = |name: &str| -> Result<u32> {
        let value = total
            .split(&format!(" {name}=\""))
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let value =
            value.with_context(|| format!("the test runner's report does not say its {name}"))?;
        value
            .parse()
            .with_context(|| format!("the test runner's report says {name}={value}"))
    };
    let failed = number("failures")? + number("errors")?;
    Ok(Count {
        passed: number("tests")?.saturating_sub(failed),
        failed,
    })
}

/// The counts of all `test result:` lines of `cargo test`.
pub fn libtest(text: &str) -> Count {
    let mut count = Count::default();
    for line in text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("test result: "))
    {
        let number = |word: &str| -> u32 {
            line.split([';', '.'])
                .find_map(|part| part.trim().strip_suffix(word))
                .and_then(|number| number.trim().parse().ok())
                .unwrap_or(0)
        };
        count = count.plus(Count {
            passed: number("passed"),
            failed: number("failed"),
        });
    }
    count
}

/// The counts of vitest's JSON report.
///
/// # Errors
/// When the text is not such a report.
pub fn vitest(text: &str) -> Result<Count> {
    let value: serde_json::Value =
        serde_json::from_str(text).context("reading the interface's test report")?;
    let number = |name: &str| -> Result<u32> {
        let number = value[name]
            .as_u64()
            .and_then(|number| u32::try_from(number).ok());
        number.with_context(|| format!("the interface's test report does not say {name}"))
    };
    Ok(Count {
        passed: number("numPassedTests")?,
        failed: number("numFailedTests")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_and_timeouts_of_a_report_are_not_passes() {
        let text = r#"<?xml version="1.0"?>
<testsuites name="nextest-run" tests="5" failures="1" errors="1" uuid="x" time="0.1">
    <testsuite name="domain" tests="5" disabled="0" errors="1" failures="1"></testsuite>
</testsuites>"#;
        assert_eq!(
            junit(text).unwrap(),
            Count {
                passed: 3,
                failed: 2
            }
        );
        assert!(junit("").is_err());
        assert!(junit("<testsuites name=\"x\">").is_err());
    }

    #[test]
    fn all_result_lines_are_added() {
        let text = "running 2 tests\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 7 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s\n";
        assert_eq!(
            libtest(text),
            Count {
                passed: 9,
                failed: 1
            }
        );
    }

    #[test]
    fn the_interface_report_is_read() {
        let text = r#"{"numTotalTests":4,"numPassedTests":3,"numFailedTests":1,"success":false}"#;
        assert_eq!(
            vitest(text).unwrap(),
            Count {
                passed: 3,
                failed: 1
            }
        );
        assert!(vitest("{}").is_err());
    }

    #[test]
    fn a_runner_that_failed_counts_as_a_failure() {
        assert_eq!(
            Count {
                passed: 3,
                failed: 0
            }
            .with_outcome(false),
            Count {
                passed: 3,
                failed: 1
            }
        );
        assert_eq!(
            Count {
                passed: 3,
                failed: 2
            }
            .with_outcome(false),
            Count {
                passed: 3,
                failed: 2
            }
        );
        assert_eq!(
            Count {
                passed: 3,
                failed: 0
            }
            .summary(),
            "espelho: 3 passed, 0 failed"
        );
    }
}
