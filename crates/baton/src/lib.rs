//! The Rust SDK: submit tasks, and write workers for them.
//!
//! A [`Client`] speaks HTTP to any gateway. A [`Worker`] runs async functions as handlers, and needs only Redis. Both
//! meet in a [`Payload`]: a type that names its kind of task and what the task completes with.
//!
//! ```no_run
//! use baton::{Client, Payload};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Greet { name: String }
//!
//! impl Payload for Greet {
//!     const KIND: &'static str = "greet";
//!     type Output = String;
//! }
//!
//! # async fn example() -> Result<(), baton::Error> {
//! let client = Client::new("http://127.0.0.1:8000")?;
//! let greeting = client.submit(Greet { name: "you".to_owned() }).priority(7).await?.result().await?;
//! # let _: String = greeting;
//! # Ok(())
//! # }
//! ```
//!
//! Where a gateway asks for logins, a client brings an API key ([`Client::with_api_key`]), or a login that it keeps alive
//! ([`Client::with_logins`]).
//!
//! Tasks that wait for each other are a flow: [`Client::flow`] submits all of them, or none.

mod client;
mod error;
mod payload;
pub mod worker;

pub use baton_api as api;
pub use baton_api::auth::Secret;
pub use baton_api::{Json, Problem, Timestamp};
pub use baton_core::series::Metric;
pub use baton_core::{
    Fence, Fingerprint, FlowId, FlowState, OnParentFailure, Priority, Status, TaskId, WorkerId,
};
pub use client::{
    Client, CredentialsFile, Figures, Filter, FlowTask, Groups, MemoryTokens, Probed, Receipt, Submit,
    SubmitFlow, Submitted, SubmittedFlow, TokenStore, Tokens, Watch, carries_credential, credential_of_env,
    is_same_gateway,
};
pub use error::{Cause, Error};
pub use payload::{Defaults, Payload};
pub use tokio_util::sync::CancellationToken;
