//! The kinds of policy that have presets, with all of these.

use super::preset::Preset;

/// The presets of one kind of policy.
#[derive(Copy, Clone, Debug)]
pub struct Family {
    /// The kind of policy: what the schema of its spec calls it under `x-presets`.
    pub name: &'static str,
    /// Its presets.
    pub presets: &'static [Preset],
}

/// Every kind of policy that has presets.
pub const FAMILIES: &[Family] = &[
    Family { name: "breaker", presets: super::breaker::PRESETS },
    Family { name: "bulkhead", presets: super::bulkhead::PRESETS },
    Family { name: "concurrency", presets: super::concurrency::PRESETS },
    Family { name: "hedge", presets: super::hedge::PRESETS },
    Family { name: "limiter", presets: super::limiter::PRESETS },
    Family { name: "overload", presets: super::overload::PRESETS },
    Family { name: "registration", presets: super::registration::PRESETS },
    Family { name: "retry", presets: super::retry::PRESETS },
    Family { name: "shedding", presets: super::shedding::PRESETS },
    Family { name: "sip", presets: super::sip::PRESETS },
];

/// The preset `name` of `family`.
#[must_use]
pub fn find(family: &str, name: &str) -> Option<&'static Preset> {
    let family = FAMILIES.iter().find(|f| f.name == family)?;
    family.presets.iter().find(|p| p.name == name)
}

impl Family {
    /// The presets that follow a newer version of what `preset` follows.
    pub fn newer_than(&self, preset: &Preset) -> impl Iterator<Item = &'static Preset> {
        let name = preset.name;
        self.presets.iter().filter(move |p| p.follows.older == Some(name))
    }
}
