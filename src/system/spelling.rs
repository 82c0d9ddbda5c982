//! What a misspelt name was probably meant to be.

/// The known name that `name` was probably meant to be: one within a third of its letters (at least
/// two) by Damerau-Levenshtein distance, or one that begins as it does.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |k: &str| strsim::damerau_levenshtein(&k.to_lowercase(), &name.to_lowercase());
    let (distance, best) = known.into_iter().map(|k| (distance(k), k)).min_by_key(|(d, _)| *d)?;
    let near = distance <= (name.chars().count() / 3).max(2);
    let begins = name.len() >= 3 && (best.starts_with(name) || name.starts_with(best));
    (near || begins).then_some(best)
}
