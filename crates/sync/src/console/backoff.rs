//! When to try again.

use domain::port::Entropy;

/// How long a connection, a greeting or a token may take.
pub(super) const GREETING_WITHIN_MS: u64 = 30_000;
const SHORTEST_WAIT_MS: u64 = 500;
const LONGEST_WAIT_MS: u64 = 60_000;
/// Where only a person can help, the server is asked between one and five minutes apart.
const PERSON_WAIT_MS: u64 = 300_000;

/// How long to wait before the next try: full jitter, so that a clinic's consoles do not all come back at once.
pub(super) fn wait_ms(attempt: u32, needs_a_person: bool, entropy: &dyn Entropy) -> u64 {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    let random = u64::from_le_bytes(bytes);
    if needs_a_person {
        return LONGEST_WAIT_MS + random % (PERSON_WAIT_MS - LONGEST_WAIT_MS);
    }
    let ceiling = SHORTEST_WAIT_MS
        .saturating_mul(1 << attempt.min(16))
        .min(LONGEST_WAIT_MS);
    SHORTEST_WAIT_MS.max(random % (ceiling + 1))
}
