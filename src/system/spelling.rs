//! What is said of a name that is not known: what it was probably meant to be, or which there are.

/// Names that are listed; a list of more says how many there are.
const LISTED_MAX: usize = 20;

/// What is wrong with `name`, which is no `kind` that is known.
#[must_use]
pub fn no_such<'a, K>(kind: &str, name: &str, known: K) -> String
where
    K: IntoIterator<Item = &'a str> + Clone,
{
    no_such_or(kind, name, known.clone(), || there_are(known))
}

/// As [`no_such`], with other advice where no known name is like it.
#[must_use]
pub fn no_such_or<'a>(
    kind: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    let advice = nearest(name, known).map_or_else(otherwise, did_you_mean);
    format!("no such {kind}; {advice}")
}

/// Advice to write a known name.
#[must_use]
pub fn did_you_mean(near: &str) -> String {
    format!("did you mean `{near}`?")
}

/// Advice to write one of the known names.
#[must_use]
pub fn there_are<'a>(known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match known.len() {
        0 => "no name is defined".to_owned(),
        1..=LISTED_MAX => format!("there are: {}", known.join(", ")),
        all => format!("there are {all}: {}, …", known[..LISTED_MAX].join(", ")),
    }
}

/// The known name that `name` was probably meant to be: one within a third of its letters (at least
/// two, but not all) by Damerau-Levenshtein distance, or one that begins as it does.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // To compare two names takes time and memory by the product of their lengths.
    const LENGTH_MAX: usize = 100;
    // A number is another number, not a misspelt one.
    if name.len() > LENGTH_MAX || !name.contains(char::is_alphabetic) {
        return None;
    }
    let known = known.into_iter().filter(|k| k.len() <= LENGTH_MAX);
    let distance = |k: &str| strsim::damerau_levenshtein(&k.to_lowercase(), &name.to_lowercase());
    let (distance, best) = known.map(|k| (distance(k), k)).min_by_key(|(d, _)| *d)?;
    let length = name.chars().count();
    // Of `a` and `b` nothing is alike.
    let near = distance <= (length / 3).max(2) && distance < length.max(best.chars().count());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_told_with_the_nearest_or_with_all() {
        let said = |name, known: &[&'static str]| no_such("trunk", name, known.iter().copied());
        assert_eq!(said("SYDNY", &["SYDNEY", "PERTH"]), "no such trunk; did you mean `SYDNEY`?");
        assert_eq!(said("x", &["SYDNEY", "PERTH"]), "no such trunk; there are: SYDNEY, PERTH");
        assert_eq!(said("x", &["y"]), "no such trunk; there are: y");
        assert_eq!(said("x", &[]), "no such trunk; no name is defined");
        let many: Vec<String> = (0..21).map(|i| format!("name-{i}")).collect();
        let told = no_such("trunk", "x", many.iter().map(String::as_str));
        assert!(told.starts_with("no such trunk; there are 21: name-0, name-1, "), "{told}");
        assert!(told.ends_with("name-19, …"), "{told}");
    }
}
