//! Carries out the commands that it reads, one JSON a line, through `MessageBox`; see ../../README.md.
//!
//! It is a test module of the package, because only that can shorten the waits.

use crate::{Error, Message, MessageBox, Options, ReadOptions};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{io, thread, time::Duration};
use tokio::runtime::Builder;

#[derive(Deserialize)]
struct Command {
    id: u64,
    call: String,
    link: String,
    url: String,
    args: Args,
    timings: Timings,
}

#[derive(Deserialize)]
struct Args {
    #[serde(default)]
    messages: Vec<Value>,
    #[serde(default)]
    count: usize,
    #[serde(default)]
    leave: bool,
    after: Option<u64>,
}

#[derive(Deserialize)]
struct Timings {
    max_attempts: Option<u32>,
    stream_open_timeout: Option<f64>,
}

#[test]
fn run() {
    // The test runner may have begun a line.
    println!();
    let calls: Vec<_> = io::stdin()
        .lines()
        .map(|line| {
            let command: Command = serde_json::from_str(&line.unwrap()).unwrap();
            thread::spawn(move || {
                let runtime = Builder::new_current_thread().enable_all().build().unwrap();
                let result = match runtime.block_on(carry_out(&command)) {
                    Ok(answer) => json!({ "id": command.id, "answer": answer }),
                    Err(error) => json!({ "id": command.id, "error": format!("{error} {error:?}") }),
                };
                println!("{result}");
            })
        })
        .collect();
    calls.into_iter().for_each(|call| call.join().unwrap());
}

async fn carry_out(Command { call, link, url, args, timings, .. }: &Command) -> Result<Value, Error> {
    let mut options = Options::new().server(url);
    // Waits that are short enough for a thousand failures.
    options.timings.min_delay = Duration::from_millis(1);
    options.timings.max_delay = Duration::from_millis(8);
    options.timings.acknowledge_interval = Duration::from_millis(1);
    if let Some(attempts) = timings.max_attempts {
        options.timings.max_attempts = attempts;
    }
    if let Some(seconds) = timings.stream_open_timeout {
        options.timings.stream_open_timeout = Duration::from_secs_f64(seconds);
    }
    let inbox = options.open(link.rsplit('/').next().unwrap())?;
    match call.as_str() {
        "send" => send(&inbox, &args.messages).await,
        "take" => take(&inbox, args).await,
        _ => Ok(pairs(&inbox.read(ReadOptions::new()).await?.messages)),
    }
}

async fn send(outbox: &MessageBox, messages: &[Value]) -> Result<Value, Error> {
    let mut numbers = Vec::new();
    for message in messages {
        numbers.push(outbox.send(message).await?.seq);
    }
    Ok(json!(numbers))
}

async fn take(inbox: &MessageBox, Args { count, leave, after, .. }: &Args) -> Result<Value, Error> {
    let mut messages = after.map_or_else(|| inbox.messages(), |cursor| inbox.messages_after(cursor));
    let mut taken = Vec::new();
    while taken.len() < *count {
        taken.extend(messages.next().await.transpose()?);
    }
    if !leave {
        inbox.acknowledge(taken.last().map_or(0, |message| message.seq)).await?;
    }
    messages.close().await;
    Ok(pairs(&taken))
}

fn pairs(messages: &[Message]) -> Value {
    messages.iter().map(|message| json!([message.seq, message.decode::<Value>().unwrap()])).collect()
}
