//! One suite that every index passes, and what only one engine must keep.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test may panic")]
#![expect(clippy::disallowed_methods, reason = "a test is told by its environment which server to use")]

mod crash;
mod edge;
mod engines;
mod keyword;
mod qdrant_server;
mod server;
mod suite;

/// The suite as tests, over the engine that `$engine` makes.
macro_rules! contract {
    ($name:ident, $engine:expr) => {
        mod $name {
            contract!(@cases $engine;
                finds_the_best_first, keeps_the_limit, answers_when_empty, replaces_what_a_document_had,
                removes_a_document, counts_the_last_change_of_a_document, may_apply_a_change_twice,
                shows_only_what_the_viewer_may_see, moves_a_chunk_to_another_access_class,
                keeps_what_was_flushed, searches_beside_writes
            );
        }
    };
    (@cases $engine:expr; $($case:ident),*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                match $engine.await {
                    Some(engine) => crate::suite::$case(&engine).await,
                    None => println!("skipped: QDRANT_URL is not set"),
                }
            }
        )*
    };
}

contract!(tantivy, crate::engines::tantivy());
contract!(qdrant_edge, crate::engines::edge());
contract!(qdrant_client, crate::engines::server());
contract!(qdrant_real_server, crate::engines::real_server());
