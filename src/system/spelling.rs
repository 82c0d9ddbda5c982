//! What a misspelt name was probably meant to be, and which names there are.

/// The known name that `name` was probably meant to be: one within a third of its letters (at least
/// two) by Damerau-Levenshtein distance, or one that begins as it does.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // To compare two names takes time and memory by the product of their lengths.
    const LENGTH_MAX: usize = 100;
    if name.len() > LENGTH_MAX {
        return None;
    }
    let known = known.into_iter().filter(|k| k.len() <= LENGTH_MAX);
    let distance = |k: &str| strsim::damerau_levenshtein(&k.to_lowercase(), &name.to_lowercase());
    let (distance, best) = known.map(|k| (distance(k), k)).min_by_key(|(d, _)| *d)?;
    let near = distance <= (name.chars().count() / 3).max(2);
    let begins = name.len() >= 3 && (best.starts_with(name) || name.starts_with(best));
    (near || begins).then_some(best)
}

/// `"a", "b" or "c"`.
#[must_use]
pub fn any_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
