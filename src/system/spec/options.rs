//! OPTIONS keepalive of legs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::time::SimDuration;
use crate::engine::variates::Variate;

/// OPTIONS keepalive on every leg: its SBC sends OPTIONS to its carrier, over a connection where
/// the transport has one, which it opens if need be. Each OPTIONS is a non-INVITE transaction
/// (RFC 3261 §17.1.2.2): over UDP it is sent again by Timer E until its time-out, and the carrier's
/// transaction answers each copy with the response to the first. Results count as they come, a late
/// time-out after a newer success included (Kamailio and Asterisk, where each ping is a transaction
/// of its own). A leg that is put down keeps its calls.
///
/// A carrier that works answers 200; 503 while the queue of its registrar is full; 403 where the
/// leg should be registered and has no binding (both assumptions: RFC 3261 §11.2 has OPTIONS
/// answered as an INVITE would be).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OptionsSpec {
    /// Time between two OPTIONS, constant or uniform (AudioCodes: 60 s; RFC 5626 §4.4.1 draws each
    /// between 80 % and 100 % of the longest).
    pub interval: Variate,
    /// An OPTIONS unanswered for this long is missed (assumption; Timer F would be 32 s). It may be
    /// longer than the interval.
    pub timeout: SimDuration,
    /// Whether an OPTIONS is sent while earlier ones are out (Kamailio's dispatcher: each interval,
    /// whatever became of the last). Otherwise one that is due then is left out; one due at the
    /// instant at which the last times out is sent.
    pub overlap: bool,
    /// This many more are sent, each as soon as the last has gone unanswered, before it counts as
    /// missed: so a ping takes (retries + 1)·timeout to be missed (OpenSIPS, module dialog,
    /// `options_ping_max_retries`, pull request 3890: 0 by default).
    #[schemars(range(min = 0, max = 1000))]
    pub retries: u32,
    /// Which answers count as a success; any other, and none, as a miss.
    pub success: OptionsSuccess,
    /// How results put the leg down and up.
    pub counter: OptionsCounter,
    /// This many missed put the leg down (assumption).
    #[schemars(range(min = 1, max = 1000))]
    pub down_after: u32,
    /// This many answered put it up again (assumption).
    #[schemars(range(min = 1, max = 1000))]
    pub up_after: u32,
}

impl Default for OptionsSpec {
    fn default() -> Self {
        Self {
            interval: Variate::Constant(SimDuration::from_secs(60)),
            timeout: SimDuration::from_secs(4),
            overlap: true,
            retries: 0,
            success: OptionsSuccess::Any,
            counter: OptionsCounter::Consecutive,
            down_after: 3,
            up_after: 2,
        }
    }
}

/// Which answers to OPTIONS count as a success.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OptionsSuccess {
    /// Any answer means that the peer is there (Asterisk's `qualify_frequency`).
    #[default]
    Any,
    /// 2xx only (Asterisk's `qualify_2xx_only`).
    #[serde(rename = "2xx")]
    Successful,
    /// All but 503 and 408: an overloaded carrier, and a proxy that had no answer of it.
    #[serde(rename = "not_503_408")]
    NotUnavailable,
}

/// How results of OPTIONS put a leg down and up.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OptionsCounter {
    /// `down_after` misses in a row put it down, `up_after` successes in a row up (Kamailio's
    /// `ds_probing_threshold` and `ds_inactive_threshold`).
    #[default]
    Consecutive,
    /// A counter between 0 and `down_after` + `up_after` − 1, at its top at the start: a success
    /// raises it by one, a miss lowers it by one, and the leg is down while it is below `up_after`.
    /// From the top it takes `down_after` misses, from the bottom `up_after` successes, in a row or
    /// not (after FreeSWITCH's gateways, whose `ping-min` is `up_after` and whose `ping-max` is the
    /// top; the top as the start is an assumption).
    UpDown,
}
