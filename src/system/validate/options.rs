//! OPTIONS keepalive.

use super::Checker;
use crate::engine::variates::{Law, Variate};
use crate::system::spec::OptionsSpec;

pub(super) fn check(options: &OptionsSpec, checker: &mut Checker) {
    checker.variate("options.interval", &options.interval);
    let shortest = match &options.interval {
        Variate::Constant(interval) => *interval,
        Variate::Law(Law::Uniform { low, .. }) => *low,
        Variate::Law(_) => {
            let message = "must be a constant or `uniform`: it has to have a shortest";
            checker.refuse("options.interval.kind", "", message);
            return;
        }
    };
    checker.positive("options.interval", shortest);
    checker.positive("options.timeout", options.timeout);
    for (key, value) in [("down_after", options.down_after), ("up_after", options.up_after)] {
        checker.at_least_one(&format!("options.{key}"), value);
    }
}
