//! Turns what a sync finds, one step after the other, into batches.

use async_stream::try_stream;
use domain::{Batch, Change, Cursor, EngineResult};
use futures::{Stream, StreamExt, stream::BoxStream};

use crate::gather::Gather;

/// What a sync came to.
#[derive(Debug)]
pub(crate) enum Step {
    Change(Change),
    /// Everything before is said: a sync that is cut off here resumes at the cursor.
    Reached(Cursor),
    /// The external id of everything that exists; the source was listed completely.
    Listed(Vec<String>),
}

/// Batches of bounded size, each with the last cursor reached. `start`: the cursor that the sync began with.
pub(crate) fn batches<'a>(
    start: Option<Cursor>,
    steps: impl Stream<Item = EngineResult<Step>> + Send + 'a,
) -> BoxStream<'a, EngineResult<Batch>> {
    Box::pin(try_stream! {
        let (mut gather, mut cursor, mut listing) = (Gather::default(), start, None);
        let mut steps = std::pin::pin!(steps);
        while let Some(step) = steps.next().await {
            match step? {
                Step::Change(change) => gather.push(change),
                Step::Reached(place) => cursor = Some(place),
                Step::Listed(ids) => listing = Some(ids),
            }
            if gather.is_full() {
                yield gather.take(cursor.clone(), None);
            }
        }
        yield gather.last(cursor, listing);
    })
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn a_batch_never_names_a_place_that_it_has_not_reached() {
        let gone = |number: u32| Ok(Step::Change(Change::Delete { external_id: number.to_string() }));
        let mut steps: Vec<_> = (0..64).map(gone).collect();
        steps.insert(10, Ok(Step::Reached(Cursor("ten".into()))));
        steps.push(Ok(Step::Reached(Cursor("end".into()))));
        steps.push(Ok(Step::Listed(vec!["64".into()])));
        let batches: Vec<_> = batches(None, stream::iter(steps)).map(Result::unwrap).collect().await;
        let seen: Vec<_> = batches.iter().map(|batch| (batch.changes.len(), batch.cursor.clone())).collect();
        assert_eq!(seen, [(64, Some(Cursor("ten".into()))), (0, Some(Cursor("end".into())))]);
        assert_eq!(batches[1].listing, Some(vec!["64".into()]));
    }
}
