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

/// Turns documentation in blocks into the usual `///` lines.
fn line_comments(code: &str) -> String {
    let mut lines = Vec::new();
    let mut open: Option<&str> = None;
    for line in code.lines() {
        let (indent, text) = match (open, line.split_once("/**")) {
            (Some(indent), _) => (indent, line),
            (None, Some((indent, text))) if indent.trim().is_empty() => (indent, text),
            _ => {
                lines.push(spaced(line));
                continue;
            }
        };
        let closes = text.ends_with("*/");
        let text = text.trim_end_matches("*/").trim_end();
        if !(closes && text.is_empty()) {
            lines.push(format!("{indent}/// {text}").trim_end().to_string());
        }
        open = (!closes).then_some(indent);
    }
    lines.join("\n") + "\n"
}

/// `///text` to `/// text`.
fn spaced(line: &str) -> String {
    match line.split_once("///") {
        Some((indent, text)) if indent.trim().is_empty() && !text.is_empty() && !text.starts_with(' ') => {
            format!("{indent}/// {text}")
        }
        _ => line.to_string(),
    }
}
