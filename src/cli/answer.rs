//! The answers of a study as `sweep` prints them at its end, and as the file that keeps them.

use std::fmt::Write;

use super::layout::prose;
use crate::experiment::plan::Plan;

/// `answers.txt`, a line per answer, where there are any.
pub(super) fn file(answers: &[String]) -> Option<(String, Vec<u8>)> {
    let text: String = answers.iter().map(|answer| format!("{answer}\n")).collect();
    (!answers.is_empty()).then(|| ("answers.txt".to_owned(), text.into_bytes()))
}

/// What is printed: the question's answers, each wrapped and hung from a dash.
pub(super) fn render(plan: &Plan, answers: &[String]) -> String {
    let mut text = String::new();
    if answers.is_empty() {
        return text;
    }
    let confidence = plan.study.confidence * 100.0;
    let _ = writeln!(text, "\nANSWER (each ± is a {confidence:.0} % interval)");
    for answer in answers {
        text.push_str(&prose(&format!("- {answer}"), 2));
    }
    text
}
