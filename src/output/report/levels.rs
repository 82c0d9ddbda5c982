//! The levels of points, in the order and words of the study.

use std::collections::BTreeMap;

use super::manifest::Manifest;
use super::table::Column;

/// The factors of points.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Factors {
    /// Name and label of each.
    named: Vec<(String, String)>,
}

impl Factors {
    /// Those of points with such levels, in the study's order as far as it names them.
    pub(super) fn of(manifest: &Manifest, levels: &BTreeMap<String, String>) -> Self {
        let known = manifest.factors.iter().filter(|factor| levels.contains_key(&factor.name));
        let mut named: Vec<(String, String)> =
            known.map(|factor| (factor.name.clone(), factor.label().to_owned())).collect();
        for name in levels.keys() {
            if named.iter().all(|(known, _)| known != name) {
                named.push((name.clone(), name.clone()));
            }
        }
        Self { named }
    }

    /// The levels of a point, by the factors' labels.
    pub(super) fn listed(&self, levels: &BTreeMap<String, String>) -> Vec<(String, String)> {
        let of =
            |(name, label): &(String, String)| Some((label.clone(), levels.get(name)?.clone()));
        self.named.iter().filter_map(of).collect()
    }

    /// The levels of a point as text: `base = 50ms, jitter = full`.
    pub(super) fn describe(&self, levels: &BTreeMap<String, String>) -> String {
        let of = |(name, _): &(String, String)| Some(format!("{name} = {}", levels.get(name)?));
        self.named.iter().filter_map(of).collect::<Vec<_>>().join(", ")
    }

    /// A column per factor that is not the same at all of these points.
    pub(super) fn columns(&self, points: &[&BTreeMap<String, String>]) -> Vec<Column> {
        let none = String::new();
        let column = |(name, label): &(String, String)| {
            let levels: Vec<&String> =
                points.iter().map(|levels| levels.get(name).unwrap_or(&none)).collect();
            let varies = levels.iter().any(|level| *level != levels[0]);
            varies.then(|| Column::texts(label.as_str(), levels.into_iter().cloned()).heading())
        };
        self.named.iter().filter_map(column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::sample;
    use super::*;

    #[test]
    fn levels_stand_in_the_studys_order() {
        let levels = |base: &str, jitter: &str| -> BTreeMap<String, String> {
            [("base", base), ("jitter", jitter), ("extra", "x")]
                .map(|(name, level)| (name.to_owned(), level.to_owned()))
                .into()
        };
        let (first, second) = (levels("1s", "full"), levels("2s", "full"));
        let factors = Factors::of(&sample(), &first);
        assert_eq!(factors.describe(&first), "jitter = full, base = 1s, extra = x");
        assert_eq!(factors.listed(&first)[1], ("base delay".to_owned(), "1s".to_owned()));
        let columns = factors.columns(&[&first, &second]);
        assert_eq!(columns.len(), 1);
        assert!(columns[0].name == "base delay" && columns[0].heads);
    }
}
