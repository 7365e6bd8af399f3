//! What a program can rely on at compile time.

use crate::{Error, Message, MessageBox, Messages, Options, Page, Problem, ReadOptions, Sent};
use futures_core::{FusedStream, Stream};

fn shared<T: Send + Sync + 'static>() {}

fn stream<T: Stream<Item = Result<Message, Error>> + FusedStream + Send + Unpin + 'static>() {}

fn sent_to_another_thread<T: Send>(_: T) {}

#[test]
fn everything_can_move_between_threads() {
    shared::<Error>();
    shared::<Message>();
    shared::<MessageBox>();
    shared::<Page>();
    shared::<Problem>();
    shared::<ReadOptions>();
    shared::<Sent>();
    stream::<Messages>();
    let inbox = MessageBox::open(&format!("http://localhost/boxes/{}", super::fake::BOX_ID)).unwrap();
    sent_to_another_thread(Options::new());
    sent_to_another_thread(MessageBox::create("http://localhost"));
    sent_to_another_thread(inbox.send("text"));
    sent_to_another_thread(inbox.read(ReadOptions::new()));
    sent_to_another_thread(inbox.acknowledge(1));
    sent_to_another_thread(inbox.drain());
    sent_to_another_thread(inbox.delete());
    sent_to_another_thread(inbox.messages().next());
    sent_to_another_thread(inbox.messages().close());
}
