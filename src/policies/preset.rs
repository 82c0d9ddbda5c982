//! Presets: settings of a policy as a named library has them, to be taken as they are or changed
//! key by key. They stand in the policy's own file; [`FAMILIES`] gathers them.

/// The settings of a library's policy.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// What `preset = "…"` says.
    pub name: &'static str,
    /// The keys of the policy's spec, as TOML.
    pub settings: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// Where the settings and the algorithm were read: project, file, version or commit. A figure
    /// without a source says that it is an assumption.
    pub source: &'static str,
    /// The files under `tests/cases` that are replayed against it.
    pub cases: &'static [&'static str],
}

/// The presets of one kind of policy.
#[derive(Copy, Clone, Debug)]
pub struct Family {
    /// The kind of policy: what the schema of its spec calls it under `x-presets`.
    pub name: &'static str,
    /// Its presets.
    pub presets: &'static [Preset],
}

/// The presets of several files as one list; `N` is the length of all together.
///
/// # Panics
/// Where it is not, or the first list is empty: at compile time.
#[must_use]
pub const fn joined<const N: usize>(lists: [&[Preset]; 3]) -> [Preset; N] {
    let mut all = [lists[0][0]; N];
    let (mut list, mut i, mut n) = (0, 0, 0);
    while list < lists.len() {
        while i < lists[list].len() {
            all[n] = lists[list][i];
            (i, n) = (i + 1, n + 1);
        }
        (list, i) = (list + 1, 0);
    }
    assert!(n == N);
    all
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
