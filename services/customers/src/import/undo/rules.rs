//! What becomes of a customer when the import that touched it is taken back.

use contracts::customers::{ImportKeptReason, ImportState};
use platform::error::{Error, Result};

use crate::error::reason;

/// Whether an import in this state, with so many effects left, can be taken back.
pub fn check(state: ImportState, effects: i64) -> Result<()> {
    match state {
        ImportState::Running | ImportState::Undoing => Err(Error::failed_precondition(&reason::IMPORT_RUNNING)),
        ImportState::Undone => Err(Error::failed_precondition(&reason::IMPORT_UNDONE)),
        _ if effects == 0 => Err(Error::failed_precondition(&reason::IMPORT_NOTHING_TO_UNDO)),
        _ => Ok(()),
    }
}

/// The customer as it is now.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    pub revision: i64,
    /// Within what whoever takes back may update.
    pub covered: bool,
    /// Whether contacts, interactions or anything else hangs on it.
    pub has_records: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Remove,
    Restore,
    Keep(ImportKeptReason),
}

/// Nobody loses what they did since: what was changed or added to stays. Records do no harm to a customer that was there
/// before.
pub fn verdict(made: bool, revision: i64, now: Option<Now>) -> Verdict {
    match now {
        None => Verdict::Keep(ImportKeptReason::Changed),
        Some(now) if !now.covered => Verdict::Keep(ImportKeptReason::OutOfScope),
        Some(now) if now.revision != revision => Verdict::Keep(ImportKeptReason::Changed),
        Some(now) if made && now.has_records => Verdict::Keep(ImportKeptReason::HasRecords),
        Some(_) if made => Verdict::Remove,
        Some(_) => Verdict::Restore,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_touched_since_is_taken_back() {
        use Verdict::{Keep, Remove, Restore};
        let now = |revision, covered, has_records| Some(Now { revision, covered, has_records });
        for (made, now, expected) in [
            (true, now(1, true, false), Remove),
            (true, now(1, true, true), Keep(ImportKeptReason::HasRecords)),
            (true, now(2, true, true), Keep(ImportKeptReason::Changed)),
            (true, now(1, false, false), Keep(ImportKeptReason::OutOfScope)),
            (false, now(1, true, true), Restore),
            (false, now(2, true, false), Keep(ImportKeptReason::Changed)),
            // Whether it was changed is nothing for who can't see it.
            (false, now(2, false, false), Keep(ImportKeptReason::OutOfScope)),
            (false, None, Keep(ImportKeptReason::Changed)),
        ] {
            assert_eq!(verdict(made, 1, now), expected, "{made} {now:?}");
        }
    }

    #[test]
    fn a_run_is_taken_back_once_and_after_its_end() {
        let refused = |state, effects| check(state, effects).err().map(|error| error.reason().id);
        assert_eq!(refused(ImportState::Completed, 1), None);
        assert_eq!(refused(ImportState::Cancelled, 1), None);
        assert_eq!(refused(ImportState::Failed, 1), None);
        assert_eq!(refused(ImportState::Completed, 0), Some("IMPORT_NOTHING_TO_UNDO"));
        assert_eq!(refused(ImportState::Ready, 0), Some("IMPORT_NOTHING_TO_UNDO"));
        assert_eq!(refused(ImportState::Running, 1), Some("IMPORT_RUNNING"));
        assert_eq!(refused(ImportState::Undoing, 1), Some("IMPORT_RUNNING"));
        assert_eq!(refused(ImportState::Undone, 1), Some("IMPORT_UNDONE"));
    }
}
