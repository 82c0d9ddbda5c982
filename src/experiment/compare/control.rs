//! Which point the others are held against: as a study names it, or a person.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::super::plan::{Factor, Plan, Point, no_such_factor};
use super::super::study::level_text;
use crate::system::Issue;
use crate::system::spelling::no_such_or;

/// How points are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareSpec {
    /// The point the others are held against: factors with a level each, as many as it takes to
    /// name one point. Without it, the best point found.
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    pub control: Table,
}

impl CompareSpec {
    /// The control among these points.
    ///
    /// # Errors
    /// Where it names no factor, no level, or not one single point.
    pub fn control(&self, factors: &[Factor], points: &[Point]) -> Result<usize, Issue> {
        let wanted: Vec<(String, String)> =
            self.control.iter().map(|(name, value)| (name.clone(), level_text(value))).collect();
        one_point(factors, points, &wanted).map_err(|refusal| Issue {
            path: match &refusal.factor {
                Some(name) => format!("compare.control.{name}"),
                None => "compare.control".to_owned(),
            },
            value: refusal.value,
            message: refusal.message,
        })
    }
}

/// Why levels name no point.
struct Refusal {
    /// The factor that is at fault, if it is one.
    factor: Option<String>,
    value: String,
    /// What is wrong; advice after a semicolon.
    message: String,
}

/// The only point that has all of these levels, given as factor and label.
fn one_point(
    factors: &[Factor],
    points: &[Point],
    wanted: &[(String, String)],
) -> Result<usize, Refusal> {
    let mut levels = Vec::new();
    for (name, label) in wanted {
        let refuse =
            |message: String| Refusal { factor: Some(name.clone()), value: label.clone(), message };
        let Some(f) = factors.iter().position(|f| f.name == *name) else {
            return Err(refuse(no_such_factor(name, factors)));
        };
        let Some(l) = factors[f].levels.iter().position(|l| l.label == *label) else {
            return Err(refuse(factors[f].no_such_level(label)));
        };
        // Of a factor in lockstep several levels may have the same label.
        levels.push((f, factors[f].levels[l].label.as_str()));
    }
    let has = |point: &Point| {
        levels.iter().all(|(f, label)| factors[*f].levels[point.levels[*f]].label == *label)
    };
    let found: Vec<usize> = (0..points.len()).filter(|p| has(&points[*p])).collect();
    let value = || {
        let parts = wanted.iter().map(|(name, label)| format!("{name} = {label}"));
        format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
    };
    let refuse = |message| Err(Refusal { factor: None, value: value(), message });
    match found.as_slice() {
        [only] => Ok(*only),
        [] => {
            refuse("no setting has these levels; the dry run of a sweep lists the settings".into())
        }
        many => {
            let differ = |f: &&Factor| {
                let at = factors.iter().position(|other| other.name == f.name).unwrap_or(0);
                many.iter().any(|p| points[*p].levels[at] != points[many[0]].levels[at])
            };
            let open: Vec<&str> = factors.iter().filter(differ).map(|f| f.name.as_str()).collect();
            let count = many.len();
            refuse(format!("{count} settings have these levels; name one of: {}", open.join(", ")))
        }
    }
}

impl Plan {
    /// The point that `text` names: by its number, by its levels (`base = 50ms, jitter = full`, as
    /// many as it takes), or by a level alone that only one factor has.
    ///
    /// # Errors
    /// What it fails to name, with what there is.
    pub fn point_named(&self, text: &str) -> Result<usize, String> {
        if text.trim().is_empty() {
            return Err("it names no setting".to_owned());
        }
        if let Ok(number) = text.trim().parse::<usize>() {
            let last = self.points.len() - 1;
            return if number <= last {
                Ok(number)
            } else {
                Err(format!("no setting `{number}`; they are numbered from 0 to {last}"))
            };
        }
        if let Some(point) = (0..self.points.len()).find(|p| self.describe(*p) == text.trim()) {
            return Ok(point);
        }
        let wanted = self.levels_named(text)?;
        one_point(&self.factors, &self.points, &wanted).map_err(|refusal| {
            let what = match &refusal.factor {
                Some(name) => format!("`{name} = {}`", refusal.value),
                None => format!("`{}`", text.trim()),
            };
            format!("{what}: {}", refusal.message)
        })
    }

    /// Factors and labels out of a text. A level may hold commas: what names no factor belongs to
    /// the level before it.
    fn levels_named(&self, text: &str) -> Result<Vec<(String, String)>, String> {
        let mut wanted: Vec<(String, String)> = Vec::new();
        let mut parts = text.split(',');
        while let Some(part) = parts.next() {
            let named = part.split_once('=').map(|(name, label)| (name.trim(), label.trim()));
            let known = |name: &str| self.factors.iter().any(|f| f.name == name);
            match (named, wanted.last_mut()) {
                (Some((name, label)), _) if known(name) => {
                    wanted.push((name.to_owned(), label.to_owned()));
                }
                (_, Some((_, label))) if !label.is_empty() && named.is_none() => {
                    label.push_str(", ");
                    label.push_str(part.trim());
                }
                (Some((name, label)), _) => wanted.push((name.to_owned(), label.to_owned())),
                (None, _) => {
                    // The rest of the text is one level.
                    let rest = std::iter::once(part).chain(parts.by_ref());
                    let label = rest.collect::<Vec<_>>().join(",").trim().to_owned();
                    wanted.push((self.factor_of(&label)?, label));
                }
            }
        }
        for (_, label) in &mut wanted {
            *label = level_text(&Value::String(std::mem::take(label)));
        }
        Ok(wanted)
    }

    /// The only factor that has a level of this label.
    fn factor_of(&self, label: &str) -> Result<String, String> {
        let text = level_text(&Value::String(label.to_owned()));
        let has = |f: &&Factor| f.levels.iter().any(|l| l.label == text);
        let having: Vec<&str> = self.factors.iter().filter(has).map(|f| f.name.as_str()).collect();
        match having.as_slice() {
            [only] => Ok((*only).to_owned()),
            [] => {
                let all = self.factors.iter().flat_map(|f| &f.levels).map(|l| l.label.as_str());
                let help = || "name it like `factor = level`, or by its number".to_owned();
                Err(format!("`{label}`: {}", no_such_or("level of a factor", label, all, help)))
            }
            many => Err(format!("`{label}` is a level of {}; say which", many.join(" and "))),
        }
    }
}
