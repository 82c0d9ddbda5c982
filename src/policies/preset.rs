//! Presets: settings of a policy as a named library has them, to be taken as they are or changed
//! key by key. They stand in the policy's own file; [`super::families`] gathers them.

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
    /// The version of it that is followed.
    pub follows: Follows,
    /// The files under `tests/cases` that are replayed against it.
    pub cases: &'static [&'static str],
}

/// The version of a library, product or document that a preset follows.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Follows {
    /// Library, product or document by name.
    pub library: &'static str,
    /// Release, commit or edition followed.
    pub version: Fact,
    /// Release or date since which it behaves as the preset says.
    pub since: Fact,
    /// Difference from the older behaviour.
    pub changed: Fact,
    /// Name of the preset, of the same kind, with the older behaviour.
    pub older: Option<&'static str>,
}

/// A fact about a library. One from memory carries the mark "\[from memory\]".
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// As the sources of the preset say.
    Known(&'static str),
    /// No source says it.
    NotKnown,
}

impl Fact {
    /// The fact in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Known(words) => words,
            Self::NotKnown => "not known",
        }
    }
}

impl Follows {
    /// A version of which neither the start nor the difference from an older one is known.
    #[must_use]
    pub const fn version(library: &'static str, version: &'static str) -> Self {
        Self {
            library,
            version: Fact::Known(version),
            since: Fact::NotKnown,
            changed: Fact::NotKnown,
            older: None,
        }
    }

    /// The same, known to behave so since a release or date.
    #[must_use]
    pub const fn since(self, since: &'static str) -> Self {
        Self { since: Fact::Known(since), ..self }
    }

    /// The same, with what changed and the preset of the older behaviour, where there is one.
    #[must_use]
    pub const fn changed(self, changed: &'static str, older: Option<&'static str>) -> Self {
        Self { changed: Fact::Known(changed), older, ..self }
    }
}
