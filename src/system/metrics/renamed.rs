//! The error message for the name of a metric that the catalogue does not hold.

use super::METRICS;
use crate::system::spelling::no_such_or;

/// Metrics that have been renamed: old name and new name.
const RENAMED: [(&str, &str); 1] = [("registrations_anew", "re_registrations")];

/// The error message for the name of a metric that is not in [`METRICS`]: the new name of a renamed
/// metric, or the nearest name, or where to find all names.
#[must_use]
pub fn no_such_metric(name: &str) -> String {
    if let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == name) {
        return format!("no such metric; it is now called `{new}`");
    }
    let all = || "`trunksim run` prints all metrics".to_owned();
    no_such_or("metric", name, METRICS.iter().map(|m| m.name), all)
}

#[cfg(test)]
mod tests {
    use super::super::index_of;
    use super::*;

    #[test]
    fn an_old_name_of_a_metric_leads_to_the_new_one() {
        for (old, new) in RENAMED {
            assert!(index_of(old).is_none() && index_of(new).is_some(), "{old} → {new}");
            let expected = format!("no such metric; it is now called `{new}`");
            assert_eq!(no_such_metric(old), expected);
        }
        assert_eq!(no_such_metric("call_failed"), "no such metric; did you mean `calls_failed`?");
    }
}
