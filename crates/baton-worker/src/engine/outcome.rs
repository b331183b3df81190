//! What a handler says, in the words of a report: within every limit, so that no report is refused for its form.

use baton_core::limits;
use baton_store::calls::task::Outcome;

use crate::handler::End;

/// `None` where somebody else will report.
pub(crate) fn outcome_of(end: End) -> Option<Outcome> {
    Some(match end {
        End::Complete(result) if result.len() as u64 > limits::RESULT_BYTES_MAX => {
            let error =
                format!("its result has {} bytes, and {} fit", result.len(), limits::RESULT_BYTES_MAX);
            Outcome::FailForGood { error: error.into_bytes(), reason: "result_too_large".to_owned() }
        }
        End::Complete(result) => Outcome::Complete { result },
        End::Retry { error, reason, in_ms } => {
            let retry_in_ms = in_ms.map(|wait| wait.min(limits::DELAY_MS_MAX));
            Outcome::Fail { error: tail(error), reason: word(reason), retry_in_ms }
        }
        End::Fail { error, reason } => Outcome::FailForGood { error: tail(error), reason: word(reason) },
        End::TimeOut { error } => Outcome::TimeOut { error: tail(error) },
        End::Release { reason, delay_ms } => {
            let delay_ms = delay_ms.map(|wait| wait.min(limits::DELAY_MS_MAX));
            Outcome::Release { reason: word(reason), delay_ms }
        }
        End::Elsewhere => return None,
    })
}

/// The end of a long error says more than its beginning.
fn tail(error: String) -> Vec<u8> {
    let max = limits::ERROR_BYTES_MAX as usize;
    if error.len() <= max {
        return error.into_bytes();
    }
    const MARK: &str = "… ";
    let mut from = error.len() - (max - MARK.len());
    while !error.is_char_boundary(from) {
        from += 1;
    }
    [MARK, &error[from..]].concat().into_bytes()
}

/// A reason is a line in histories.
fn word(reason: String) -> String {
    let mut line: String =
        reason.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    while line.len() as u64 > limits::REASON_BYTES_MAX {
        line.pop();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_where_it_says_least() {
        let error = format!("{}the end: é", "x".repeat(5_000));
        let Some(Outcome::Fail { error, reason, .. }) =
            outcome_of(End::Retry { error, reason: "a\nb".repeat(200), in_ms: None })
        else {
            panic!("it is a failure");
        };
        assert!(error.len() <= 4_096 && error.ends_with("the end: é".as_bytes()));
        assert!(reason.len() <= 256 && !reason.contains('\n'));
    }

    #[test]
    fn a_result_that_does_not_fit_is_a_failure_for_good() {
        let end = End::Complete(vec![b'1'; 1_048_577]);
        assert!(matches!(outcome_of(end), Some(Outcome::FailForGood { .. })));
        assert_eq!(outcome_of(End::Elsewhere), None);
    }
}
