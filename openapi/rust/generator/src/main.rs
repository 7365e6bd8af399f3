//! Writes the client: `generate CONTRACT OUT`.

use std::{env, fs};

/// Seconds; the longest wait of a read is 60.
const TIMEOUT: u64 = 90;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = env::args().collect();
    let contract: openapiv3::OpenAPI = serde_json::from_slice(&fs::read(&args[1])?)?;
    let mut settings = progenitor_impl::GenerationSettings::default();
    settings.with_timeout(TIMEOUT);
    let tokens = progenitor_impl::Generator::new(&settings).generate_tokens(&contract)?;
    let code = prettyplease::unparse(&syn::parse2(tokens)?);
    // Whoever brings a `reqwest::Client` needs the same reqwest.
    fs::write(&args[2], line_comments(&code) + "pub use reqwest;\n")?;
    Ok(())
}

/// Turns documentation in blocks, at column 0, into the usual `///` lines.
fn line_comments(code: &str) -> String {
    let mut out = String::new();
    let mut indent: Option<&str> = None;
    for line in code.lines() {
        let text = match indent {
            None => match line.split_once("/**") {
                Some((before, text)) if before.trim().is_empty() => {
                    indent = Some(before);
                    text
                }
                _ => {
                    let slashes = line.len() - line.trim_start().len() + 3;
                    let (comment, text) = line.split_at(slashes.min(line.len()));
                    out.push_str(comment);
                    if comment.ends_with("///") && !text.starts_with([' ', '/']) && !text.is_empty() {
                        out.push(' ');
                    }
                    out.push_str(text);
                    out.push('\n');
                    continue;
                }
            },
            Some(_) => line,
        };
        let (text, end) = match text.strip_suffix("*/") {
            Some(text) => (text.trim_end(), true),
            None => (text, false),
        };
        if !(end && text.is_empty()) {
            out.push_str(format!("{}/// {text}", indent.unwrap_or_default()).trim_end());
            out.push('\n');
        }
        if end {
            indent = None;
        }
    }
    out
}
