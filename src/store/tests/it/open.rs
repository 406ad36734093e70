//! Which databases can be opened, and what is said about the others.

use store::{Error, Store};

#[tokio::test]
async fn a_url_that_is_none_is_told_without_its_secrets() {
    let unusable = [
        "postgres://footnote:hush/hush@db/footnote",
        "postgres://footnote:hush#hush@db/footnote",
        "postgres://footnote:hush@[db/footnote",
        "mysql://footnote:hush@db/footnote",
        "footnote:hush@db/footnote",
        "hush:hush",
        "hush",
        "",
    ];
    for url in unusable {
        let error = Store::open(url).await.unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{url}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
        assert!(error.to_string().starts_with("the database's URL cannot be used: "), "{error}");
    }
}
