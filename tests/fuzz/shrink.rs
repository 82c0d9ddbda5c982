//! A model that breaks something, with everything taken out of it that is not needed for that.

use serde_json::Value as Json;

/// Keys and elements on the way to a part of a model.
type Path = Vec<String>;

/// The smallest model, part by part, for which `breaks` still holds.
pub(crate) fn shrink(model: &Json, breaks: impl Fn(&Json) -> bool) -> Json {
    let mut smallest = model.clone();
    loop {
        let mut paths = Vec::new();
        collect(&smallest, &mut Path::new(), &mut paths);
        // From the back, so that an index stays what it is; whole tables before what is in them.
        paths.sort_by(|a, b| a.len().cmp(&b.len()).then(b.cmp(a)));
        let without = paths.iter().find_map(|path| {
            let mut model = smallest.clone();
            remove(&mut model, path);
            breaks(&model).then_some(model)
        });
        match without {
            Some(model) => smallest = model,
            None => return smallest,
        }
    }
}

fn collect(value: &Json, path: &mut Path, paths: &mut Vec<Path>) {
    let mut inside = |key: String, inner: &Json| {
        path.push(key);
        paths.push(path.clone());
        collect(inner, path, paths);
        path.pop();
    };
    match value {
        Json::Object(table) => table.iter().for_each(|(key, inner)| inside(key.clone(), inner)),
        Json::Array(list) => {
            list.iter().enumerate().for_each(|(i, inner)| inside(i.to_string(), inner));
        }
        _ => {}
    }
}

fn remove(value: &mut Json, path: &[String]) {
    let (key, rest) = path.split_first().expect("a path");
    match value {
        Json::Object(table) if rest.is_empty() => {
            table.remove(key);
        }
        Json::Object(table) => remove(&mut table[key], rest),
        Json::Array(list) => {
            let index: usize = key.parse().expect("an index");
            match rest.is_empty() {
                true => drop(list.remove(index)),
                false => remove(&mut list[index], rest),
            }
        }
        _ => {}
    }
}

#[test]
fn what_is_not_needed_is_taken_out() {
    let model = serde_json::json!({
        "name": "m", "trunks": [{ "id": "a", "x": 1 }, { "id": "b", "x": 2, "y": { "z": 3 } }],
    });
    let breaks = |model: &Json| {
        let list = model["trunks"].as_array();
        list.into_iter().flatten().any(|trunk| trunk["y"]["z"] == 3)
    };
    let expected = serde_json::json!({ "trunks": [{ "y": { "z": 3 } }] });
    assert_eq!(shrink(&model, breaks), expected);
}
