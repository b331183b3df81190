//! Writes the example configuration: `cargo run -p baton-service --example config_file > deploy/baton.example.toml`.

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(baton_service::config::example().as_bytes())
}
