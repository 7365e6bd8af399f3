//! What the suite in test/clients, which all languages share, does not cover.

mod address;
mod events;
mod fake;
mod messages;
mod names;
mod reading;
mod requests;
mod retries;
mod sending;
