//! `footnote serve`: the portal and the API over one workspace.

use std::sync::Arc;

use super::Global;
use crate::{
    output,
    wiring::{self, House},
};

#[derive(clap::Args)]
pub struct Serve {
    /// Port to listen on [default: server.port of the configuration]
    #[arg(long, short)]
    port: Option<u16>,
    /// Who writes the answers: the configured generator, or one of these
    #[arg(long, value_enum)]
    generator: Option<wiring::GeneratorChoice>,
}

pub async fn run(global: &Global, args: Serve) -> anyhow::Result<()> {
    let house = House::open(global, "serve").await?;
    house.converge().await?;
    house.warm_up().await?;
    let mut config = house.config().server.clone();
    config.port = args.port.unwrap_or(config.port);
    let ctx = server::ServerContext {
        store: house.store().clone(),
        answer: house.answer_context(args.generator).await?,
        clock: wiring::clock(),
    };
    if let Some(login) = server::first_run(&ctx).await? {
        output::text(&format!(
            "email: {}\npassword: {}   (shown this once; `footnote user password {}` makes another one)",
            login.email, login.password, login.email
        ))?;
    }
    server::run(Arc::new(ctx), config, &|address| {
        let _ = output::text(&format!("Footnote serves on {address}"));
    })
    .await?;
    Ok(())
}
