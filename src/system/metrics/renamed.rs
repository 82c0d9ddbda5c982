//! The name of a metric that the catalogue does not hold: what the error says.

use super::METRICS;
use crate::system::spelling::nearest;

/// Metrics that have been renamed: old name and new name.
const RENAMED: [(&str, &str); 2] = [
    ("registrations_anew", "re_registrations"),
    ("reregistration_time_s_max", "re_registration_time_s_max"),
];

/// The present name of a metric that was renamed.
#[must_use]
pub fn new_name(old: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(renamed, _)| *renamed == old).map(|(_, new)| *new)
}

/// The error message for the name of a metric that is not in [`METRICS`]: the new name of a renamed
/// metric, or the nearest name, or where to find all names.
#[must_use]
pub fn unknown_metric(name: &str) -> String {
    if let Some(new) = new_name(name) {
        return format!("`{name}` is now called `{new}`");
    }
    match nearest(name, METRICS.iter().map(|m| m.name)) {
        Some(near) => format!("no such metric; did you mean `{near}`?"),
        None => "no such metric; `trunksim run` prints all metrics".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::index_of;
    use super::*;

    #[test]
    fn an_old_name_of_a_metric_leads_to_the_new_one() {
        for (old, new) in RENAMED {
            assert!(index_of(old).is_none() && index_of(new).is_some(), "{old} → {new}");
            assert_eq!(unknown_metric(old), format!("`{old}` is now called `{new}`"));
        }
        assert_eq!(
            unknown_metric("registrations_anew"),
            "`registrations_anew` is now called `re_registrations`"
        );
        assert_eq!(unknown_metric("call_failed"), "no such metric; did you mean `calls_failed`?");
    }
}
