//! Makes the calls it reads, one JSON a line, through the generated client; see ../README.md.

use serde_json::{Value, json};
use signalbox_client::operations::{Client, Error, ResponseValue, types};
use std::{io, thread};

type Answer<T> = Result<ResponseValue<T>, Error<types::Problem>>;

async fn call(name: &str, client: &Client, args: &Value) -> Value {
    let number = |name: &str| args[name].as_i64();
    let text = |name: &str| args[name].as_str();
    let id = text("box").unwrap_or_default();
    let settings = &types::CreateBox { ttl: number("ttl"), keep: number("keep") };
    match name {
        "createBox" => answered(client.create_box(settings).await),
        "openBox" => answered(client.open_box(id, settings).await),
        "storeMessage" => answered(client.store_message(id, text("key"), &args["message"]).await),
        "readMessages" => answered(client.read_messages(id, number("after"), number("limit"), number("wait")).await),
        "acknowledge" => answered(client.acknowledge(id, &types::Cursor { after: number("after").unwrap() }).await),
        "drainMessages" => answered(client.drain_messages(id).await),
        "deleteBox" => answered(client.delete_box(id).await),
        "classicBox" => answered(client.classic_box(text("box"), text("msg")).await),
        "getIceServers" => answered(client.get_ice_servers(id).await),
        _ => json!({ "error": format!("no such call: {name}") }),
    }
}

fn answered<T: serde::Serialize>(result: Answer<T>) -> Value {
    match result {
        Ok(answer) => json!({ "status": answer.status().as_u16(), "answer": answer.into_inner() }),
        Err(Error::ErrorResponse(problem)) => {
            json!({ "status": problem.status().as_u16(), "problem": problem.into_inner() })
        }
        Err(error) => json!({ "error": format!("{error:?}") }),
    }
}

fn main() {
    let calls: Vec<_> = io::stdin()
        .lines()
        .map(|line| {
            let command: Value = serde_json::from_str(&line.unwrap()).unwrap();
            thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let client = Client::new(command["url"].as_str().unwrap());
                let mut result = runtime.block_on(call(command["call"].as_str().unwrap(), &client, &command["args"]));
                result["id"] = command["id"].clone();
                println!("{result}");
            })
        })
        .collect();
    calls.into_iter().for_each(|call| call.join().unwrap());
}
