//! The report: what it says is on disk, it asks the network for nothing, and a folder that holds no
//! results is told what makes them.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

fn trunksim(arguments: &[&str]) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("trunksim");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command
}

fn text(folder: &Path) -> &str {
    folder.to_str().unwrap()
}

fn sweep(folder: &Path) {
    let arguments = ["sweep", "tests/studies/small.toml", "--replications", "2", "--out"];
    trunksim(&[&arguments[..], &[text(folder)]].concat()).assert().success();
}

/// Makes the report and reads it.
fn report(folder: &Path) -> String {
    trunksim(&["report", text(folder)]).assert().success();
    fs::read_to_string(folder.join("report.html")).unwrap()
}

/// What the command says of a folder without results.
fn refused(folder: &Path) -> String {
    let output = trunksim(&["report", text(folder)]).assert().code(2).get_output().stderr.clone();
    assert!(!folder.join("report.html").exists());
    String::from_utf8(output).unwrap()
}

#[test]
fn a_report_stands_alone_and_says_what_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("small");
    sweep(&folder);
    let page = report(&folder);
    assert_eq!(page, report(&folder), "the same files give the same bytes");
    assert!(page.contains("<h1>Does a longer wait help?</h1>"));
    let place = |heading: &str| page.find(&format!(">{heading}</h2>")).expect(heading);
    let headings = ["Answer", "Plots", "Tables", "Assumptions that matter", "Model in full"];
    assert!(headings.map(place).is_sorted() && page.find("Recommended policy").is_none());
    // The answer is the sweep's own.
    let sweep = fs::read_to_string(folder.join("sweep.json")).unwrap();
    let sweep: serde_json::Value = serde_json::from_str(&sweep).unwrap();
    let said = sweep["answer"][0].as_str().unwrap();
    assert!(said.starts_with("best mean of service level") && page.contains(said), "{said}");
    let mut rows = csv::Reader::from_path(folder.join("summary.csv")).unwrap();
    let header = rows.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|h| h == name).unwrap();
    let mean = column("service_level_end_to_end_mean");
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(page.matches("<tr><td").count(), 6 + 6 + 2 + 6, "points twice, files, hashes");
    for row in &rows {
        assert!(page.contains(&format!("data-value=\"{}\"", &row[mean])));
    }
    // Both plots, each with what is said over its marks.
    assert_eq!(page.matches("<svg").count(), 2);
    assert!(page.matches("class=\"spot\"").count() >= 12 + 6);
    // Nothing from elsewhere: the only address is the name of SVG.
    let addresses = page.matches("://").count();
    assert_eq!(addresses, page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
    assert!(
        !page.contains(" style=\"") && page.contains("default-src &#39;none&#39;")
            || page.contains("default-src &#x27;none&#x27;")
    );
    let manifest = fs::read_to_string(folder.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    for file in manifest["files"].as_array().unwrap() {
        assert!(page.contains(file["blake3"].as_str().unwrap()));
    }
    assert!(page.contains("trunksim sweep tests/studies/small.toml --replications 2"));
}

#[test]
fn what_other_commands_found_comes_before_what_a_sweep_ranks() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("all");
    sweep(&folder);
    for name in ["compare.json", "tune.json", "sensitivity.json"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/results");
        fs::copy(from.join(name), folder.join(name)).unwrap();
    }
    // Whatever stands in a result is text, never markup.
    let tune = fs::read_to_string(folder.join("tune.json")).unwrap();
    fs::write(folder.join("tune.json"), tune.replace("The runner-up", "<b>The</b> runner-up"))
        .unwrap();
    let page = report(&folder);
    let order = ["Take a base of 500 ms", "answers 3.4 points more", ">Recommended policy</h2>"];
    assert!(order.map(|words| page.find(words).expect(words)).is_sorted());
    assert!(!page.contains("<b>"));
    assert!(page.contains("[client.retry.backoff]\nkind = "), "the policy can be pasted");
    for caption in ["Rounds", "Arms", "Differences", "Indices", "The 6 points of the sweep"] {
        assert!(page.contains(&format!(">{caption}</span></caption>")), "{caption}");
    }
    assert!(
        page.contains("The API&#39;s rate limit explains") || page.contains("The API&#x27;s rate")
    );
    assert!(!page.contains("None was examined"));
}

#[test]
fn a_folder_without_results_is_told_what_makes_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let gone = refused(&at("gone"));
    assert!(gone.contains("no such folder") && gone.contains("trunksim sweep STUDY"), "{gone}");
    fs::create_dir(at("empty")).unwrap();
    let empty = refused(&at("empty"));
    assert!(
        empty.contains("manifest.json is missing") && empty.contains("trunksim sweep"),
        "{empty}"
    );
    fs::write(at("empty").join("units.journal"), "").unwrap();
    let begun = refused(&at("empty"));
    assert!(begun.contains("goes on where it stopped"), "{begun}");
    fs::create_dir(at("run")).unwrap();
    fs::write(at("run").join("run.json"), "{}").unwrap();
    assert!(refused(&at("run")).contains("one run"));
    let manifest = "{\"command_line\": [\"/x/trunksim\", \"sweep\", \"my study.toml\"], \
                    \"study\": {}, \"model\": {}}";
    fs::write(at("run").join("manifest.json"), manifest).unwrap();
    let half = refused(&at("run"));
    assert!(half.contains("none of summary.csv"), "{half}");
    assert!(half.contains("`trunksim sweep 'my study.toml'`"), "{half}");
    fs::write(at("run").join("tune.json"), "{\"answer\": [").unwrap();
    let cut = refused(&at("run"));
    assert!(cut.contains("tune.json") && cut.contains("trunksim tune STUDY"), "{cut}");
    fs::write(at("run").join("manifest.json"), "{\"study\": 3}").unwrap();
    assert!(refused(&at("run")).contains("the study or its model is not in it"));
}
