//! What counts as good service, and the formula of the service level.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::time::SimDuration;

/// What counts as good service. 80 % in 20 s is the field's convention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceLevelSpec {
    /// A call answered within this long counts as in time; the instant itself is within.
    pub threshold: SimDuration,
    /// Share of calls that should be answered in time.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub target: f64,
    /// Callers who abandon the queue within this long, the instant itself included, are short
    /// abandons (assumption: 5 s, a common setting).
    pub short_abandon: SimDuration,
    /// Formula of the service level.
    pub formula: ServiceLevelFormula,
    /// Switches of the formula `genesys`; no other formula reads them.
    pub genesys: GenesysSwitches,
}

impl Default for ServiceLevelSpec {
    fn default() -> Self {
        Self {
            threshold: SimDuration::from_secs(20),
            target: 0.8,
            short_abandon: SimDuration::from_secs(5),
            formula: ServiceLevelFormula::default(),
            genesys: GenesysSwitches::default(),
        }
    }
}

/// Formula of the service level. Every formula counts calls that entered a queue; `in time` means
/// within `threshold` of queue entry. A call that an agent answered counts as answered even if the
/// network drops it later: the drop counts in `calls_failed`.
///
/// The five of ICMI (QueueTips, March 2005) and Call Centre Helper are `abandons_in_time_good`,
/// `answered_only`, `answered_and_abandoned`, `less_abandons_in_time` and `short_abandons_good`.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceLevelFormula {
    /// Answered in time / (queued − short abandons).
    #[default]
    LessShortAbandons,
    /// (Answered in time + abandoned in time) / (answered + abandoned).
    AbandonsInTimeGood,
    /// Answered in time / answered.
    AnsweredOnly,
    /// Answered in time / (answered + abandoned).
    AnsweredAndAbandoned,
    /// Answered in time / (answered + abandoned − abandoned in time).
    LessAbandonsInTime,
    /// (Answered in time + short abandons) / (answered + abandoned).
    ShortAbandonsGood,
    /// Answered in time / (answered + what the switches include): Genesys Cloud's calculation.
    Genesys,
}

impl ServiceLevelFormula {
    /// Its name in models.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LessShortAbandons => "less_short_abandons",
            Self::AbandonsInTimeGood => "abandons_in_time_good",
            Self::AnsweredOnly => "answered_only",
            Self::AnsweredAndAbandoned => "answered_and_abandoned",
            Self::LessAbandonsInTime => "less_abandons_in_time",
            Self::ShortAbandonsGood => "short_abandons_good",
            Self::Genesys => "genesys",
        }
    }
}

/// What Genesys Cloud's service level counts in its denominator beside answered calls
/// (help.mypurecloud.com, *Configure the service level calculation*). Which of the switches is on
/// by default there is not published: assumption.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GenesysSwitches {
    /// Whether short abandons count; read only where abandons count.
    pub short_abandons: bool,
    /// Whether abandons count.
    pub abandons: bool,
    /// Whether flow-outs count: calls that left the queue neither answered nor abandoned, which
    /// here are those torn down while they waited.
    pub flow_outs: bool,
}

impl Default for GenesysSwitches {
    fn default() -> Self {
        Self { short_abandons: false, abandons: true, flow_outs: false }
    }
}

impl ServiceLevelSpec {
    /// The formula's name with the switches that are on: `genesys (abandons, flow_outs)`.
    #[must_use]
    pub fn formula_name(&self) -> String {
        let name = self.formula.name();
        if self.formula != ServiceLevelFormula::Genesys {
            return name.to_owned();
        }
        let GenesysSwitches { short_abandons, abandons, flow_outs } = self.genesys;
        let switches = [
            ("short_abandons", short_abandons && abandons),
            ("abandons", abandons),
            ("flow_outs", flow_outs),
        ];
        let on: Vec<&str> = switches.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
        if on.is_empty() {
            format!("{name} (answered only)")
        } else {
            format!("{name} ({})", on.join(", "))
        }
    }

    /// The formula written out.
    #[must_use]
    pub fn formula_text(&self) -> String {
        match self.formula {
            ServiceLevelFormula::LessShortAbandons => "answered within the threshold of queue entry / (queued − abandoned within the short-abandon time)".to_owned(),
            ServiceLevelFormula::AbandonsInTimeGood => "(answered + abandoned within the threshold of queue entry) / (answered + abandoned)".to_owned(),
            ServiceLevelFormula::AnsweredOnly => "answered within the threshold of queue entry / answered".to_owned(),
            ServiceLevelFormula::AnsweredAndAbandoned => "answered within the threshold of queue entry / (answered + abandoned)".to_owned(),
            ServiceLevelFormula::LessAbandonsInTime => "answered within the threshold of queue entry / (answered + abandoned − abandoned within the threshold)".to_owned(),
            ServiceLevelFormula::ShortAbandonsGood => "(answered within the threshold of queue entry + abandoned within the short-abandon time) / (answered + abandoned)".to_owned(),
            ServiceLevelFormula::Genesys => {
                let GenesysSwitches { short_abandons, abandons, flow_outs } = self.genesys;
                let mut base = vec!["answered"];
                if abandons {
                    base.push("+ abandoned");
                }
                if abandons && !short_abandons {
                    base.push("− abandoned within the short-abandon time");
                }
                if flow_outs {
                    base.push("+ torn down in the queue");
                }
                let base = base.join(" ");
                format!("answered within the threshold of queue entry / ({base})")
            }
        }
    }
}
