//! Signed requests to addresses that others chose, as [Standard Webhooks](https://www.standardwebhooks.com) says: tasks that a
//! worker posts, and what webhooks are told.
//!
//! Our processes stand where the outside cannot reach, and a URL may lead anywhere. So an address that is not public is
//! refused unless it is allowed, when the connection is made and not only when the name is first read; redirects are
//! not followed, and no proxy of the environment is used. What an answer means is not known here.

mod address;
mod answer;
mod client;
mod endpoint;
mod resolve;
mod sign;

pub use answer::{Part, part, retry_after};
pub use client::{Message, Outbound, refused_in};
pub use endpoint::{EndpointError, endpoint};
pub use reqwest::{Error, RequestBuilder, Response, StatusCode, Url};
pub use resolve::Refused;
pub use sign::Secret;
