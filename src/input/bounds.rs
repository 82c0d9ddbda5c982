//! Numbers against the bounds of their schema.

use serde_json::Value as Json;
use toml::Value;

/// Whether a number is of the kind and in the range of its schema; if not, what it must be.
pub(super) fn check(value: &Value, schema: &Json) -> Result<(), String> {
    let whole = is_whole(schema);
    let fits = match value {
        Value::Integer(number) => {
            // The bounds are far below 2^53, where a float is exact; wider types are i64's own.
            within(*number as f64, schema)
        }
        Value::Float(number) => !whole && number.is_finite() && within(*number, schema),
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("must be a {}", range(schema))) }
}

fn is_whole(schema: &Json) -> bool {
    match schema.get("type") {
        Some(Json::Array(kinds)) => kinds.iter().any(|kind| kind == "integer"),
        Some(kind) => kind == "integer",
        None => false,
    }
}

fn within(number: f64, schema: &Json) -> bool {
    let (low, high) = bounds(schema);
    low.is_none_or(|low| number >= low) && high.is_none_or(|high| number <= high)
}

/// Lowest and highest, where there are such.
fn bounds(schema: &Json) -> (Option<f64>, Option<f64>) {
    let low = schema.get("minimum").and_then(Json::as_f64);
    let high = schema.get("maximum").and_then(Json::as_f64);
    let of_type = match schema.get("format").and_then(Json::as_str) {
        Some("uint8") => Some(f64::from(u8::MAX)),
        Some("uint16") => Some(f64::from(u16::MAX)),
        Some("uint32") => Some(f64::from(u32::MAX)),
        _ => None,
    };
    (low, high.or(of_type))
}

/// `whole number from 1 to 10000`.
fn range(schema: &Json) -> String {
    let kind = if is_whole(schema) { "whole number" } else { "finite number" };
    match bounds(schema) {
        (Some(low), Some(high)) => format!("{} from {low} to {high}", kind.replace("finite ", "")),
        (Some(low), None) => format!("{kind} of at least {low}"),
        (None, Some(high)) => format!("{kind} of at most {high}"),
        (None, None) => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_must_be_of_their_kind_and_in_their_range() {
        let count = json!({ "type": ["integer", "null"], "format": "uint32", "minimum": 1 });
        let share = json!({ "type": "number", "minimum": 0.0, "maximum": 1.0 });
        let refused = |value, schema| check(&value, schema).unwrap_err();
        assert_eq!(check(&Value::Integer(3), &count), Ok(()));
        assert_eq!(check(&Value::Integer(1), &share), Ok(()));
        assert_eq!(check(&Value::Float(0.5), &share), Ok(()));
        let must = "must be a whole number from 1 to 4294967295";
        for bad in [Value::Integer(0), Value::Integer(1 << 32), Value::Float(2.0)] {
            assert_eq!(refused(bad, &count), must);
        }
        for bad in [f64::NAN, f64::INFINITY, -0.1, 1.5] {
            assert_eq!(refused(Value::Float(bad), &share), "must be a number from 0 to 1");
        }
        assert!(check(&Value::String("3".into()), &count).is_err());
    }
}
