//! Prints each message of a box, until the box is deleted or has expired.

use signalbox_client::{Error, MessageBox, Options};
use std::env;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = env::var("SIGNALBOX_URL").unwrap_or("http://localhost:8080".into());
    let inbox = match env::var("SIGNALBOX_BOX") {
        Ok(id) => Options::new().server(server).open(&id)?,
        Err(_) => MessageBox::create(&server).await?,
    };
    println!("Send to {}", inbox.drop_link());
    let mut messages = inbox.messages();
    while let Some(message) = messages.next().await {
        match message {
            Ok(message) => println!("{} {}", message.seq, message.json()),
            Err(Error::Refused(problem)) => println!("The end. {problem}"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
