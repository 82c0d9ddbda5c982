//! OPTIONS keepalive of legs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::time::SimDuration;
use crate::engine::variates::Variate;

/// OPTIONS keepalive on every leg.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OptionsSpec {
    /// Time between two OPTIONS, constant or uniform (AudioCodes: 60 s; RFC 5626 §4.4.1 draws each
    /// between 80 % and 100 % of the longest).
    pub interval: Variate,
    /// An OPTIONS unanswered for this long is missed (assumption; Timer F would be 32 s).
    pub timeout: SimDuration,
    /// This many more are sent, each as soon as the last has gone unanswered, before it counts as
    /// missed: so a ping takes (retries + 1)·timeout to be missed (OpenSIPS, module dialog,
    /// `options_ping_max_retries`, pull request 3890: 0 by default).
    #[schemars(range(min = 0, max = 1000))]
    pub retries: u32,
    /// This many missed in a row put the leg down (assumption).
    #[schemars(range(min = 1, max = 1000))]
    pub down_after: u32,
    /// This many answered in a row put it up again (assumption).
    #[schemars(range(min = 1, max = 1000))]
    pub up_after: u32,
}

impl Default for OptionsSpec {
    fn default() -> Self {
        Self {
            interval: Variate::Constant(SimDuration::from_secs(60)),
            timeout: SimDuration::from_secs(4),
            retries: 0,
            down_after: 3,
            up_after: 2,
        }
    }
}
