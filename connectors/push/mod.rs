//! Documents that programs and people send, through the API or the portal: nothing is fetched.

use domain::{Batch, Connector, EngineError, EngineResult, Since};
use futures::{StreamExt, stream, stream::BoxStream};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Parts, SourceConfig};

/// A push source has no settings of its own, only the rule about who may read what is sent without readers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PushConfig {}

struct Push;

impl SourceConfig for PushConfig {
    const KIND: &'static str = "push";
    const TITLE: &'static str = "Push API and upload";
    const SEES_READERS: bool = false;
    const IS_PULLED: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        parts.rule(Self::TITLE)?;
        Ok(Box::new(Push))
    }
}

impl Connector for Push {
    /// Nobody asks but a sync that should not have been requested; it hears so and deletes nothing.
    fn changes(&self, _: Since) -> BoxStream<'_, EngineResult<Batch>> {
        let nothing = EngineError::give_up("there is nothing to fetch: the documents of a push source are sent to it");
        stream::once(async { Err(nothing) }).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sync_of_it_gives_up_and_reports_no_listing() {
        let batches: Vec<_> = Push.changes(Since::default()).collect().await;
        assert!(matches!(&batches[..], [Err(error)] if !error.retryable));
    }
}
