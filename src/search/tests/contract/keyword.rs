//! What only the keyword index must keep: any text is a question, identifiers are found, damage is noticed.

use std::fs;

use domain::{AccessClassId, ChunkId, IndexChange, KeywordEntry, KeywordIndex, KeywordQuery, Language};
use footnote_search::{Error, KeywordConfig, TantivyIndex, wipe};
use tempfile::TempDir;

use crate::engines::{Index, document, keyword_change, tantivy};

#[tokio::test(flavor = "multi_thread")]
async fn any_text_is_a_question() {
    let engine = tantivy().await.unwrap();
    let index = engine.open().await;
    index.write(&[(1, &[(1, 1, "the apple fell")])]).await;
    let long = "apple ".repeat(20_000);
    let distinct: String = (0..20_000).map(|n| format!("word{n} ")).collect();
    let unbroken = "x".repeat(100_000);
    let controls: String = (0..32).map(char::from).chain(['\u{7f}', '\u{202e}', '\u{feff}', '\u{fffd}']).collect();
    let texts = [
        "",
        " \t\n",
        "\"",
        "\"apple",
        "AND OR NOT",
        "(apple",
        "apple) OR (",
        "title:apple",
        "text:",
        ":",
        "apple^2",
        "apple^^",
        "apple~1",
        "*",
        "app*",
        "[a TO b]",
        "{",
        "/a.*/",
        "\\",
        "+apple -fell",
        "IN [a]",
        "🍎🍎 apple 👩‍👩‍👧",
        "a'b''c",
        "’’",
        "日本語のテキスト",
        "نص عربي",
        "à̷̛",
        "DROP TABLE chunks; --",
        "%00",
        "\0apple\0",
        &controls,
        &long,
        &distinct,
        &unbroken,
        "----",
        "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q-r-s-t-u-v-w-x-y-z",
    ];
    for text in texts {
        let found = index.find(text, &[1], 10).await;
        let expected = text.contains("apple") && !text.contains("word0");
        let shown: String = text.chars().take(40).collect();
        assert!(!expected || found == [1], "`{shown}` found {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_in_other_forms() {
    let engine = tantivy().await.unwrap();
    let index = engine.open().await;
    index.write(&[(1, &[(1, 1, "Employees requested the Café résumés")]), (2, &[(2, 1, "nothing here")])]).await;
    for text in ["employee", "REQUESTS", "cafe resume", "the employee's request"] {
        assert_eq!(index.find(text, &[1], 10).await, [1], "{text}");
    }
    assert_eq!(index.find("what is the of", &[1], 10).await, [1], "stop words count when there is nothing else");
}

#[tokio::test(flavor = "multi_thread")]
async fn identifiers_rank_above_their_parts() {
    let engine = tantivy().await.unwrap();
    let index = engine.open().await;
    let rows = [
        (1, 1, "Error E-4512 means the pump is dry"),
        (2, 1, "Type E pumps: 4512 sold. Model E, room 4512, E error, pump E"),
        (3, 1, "see foo_bar.rs for the pump"),
        (4, 1, "bar foo rs foo bar, pump foo, rs rs"),
        (5, 1, "upgrade to v2.10.3 first"),
        (6, 1, "10 of 3 v2 upgrades, 3 v2 and 10 more"),
    ];
    index.write(&[(1, &rows)]).await;
    for (text, best) in [("E-4512", 1), ("what does e-4512, mean?", 1), ("foo_bar.rs", 3), ("v2.10.3", 5)] {
        assert_eq!(index.find(text, &[1], 1).await, [best], "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_access_filter_changes_no_score() {
    let dir = TempDir::new().unwrap();
    let index = TantivyIndex::create(&dir.path().join("index"), &KeywordConfig::default()).unwrap();
    index.apply(vec![keyword_change((1, &[(1, 1, "apple bridge"), (2, 2, "apple"), (3, 3, "bridge")]))]).await.unwrap();
    index.flush().await.unwrap();
    let scores = async |classes: &[i64]| {
        let access = classes.iter().map(|class| AccessClassId(*class)).collect();
        let hits = index.search(KeywordQuery { text: "apple".into(), access, limit: 10 }).await.unwrap();
        hits.iter().find(|hit| hit.chunk == ChunkId(1)).unwrap().score
    };
    assert_eq!(scores(&[1]).await, scores(&[1, 2, 3, 4, 5]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn title_and_context_count() {
    let dir = TempDir::new().unwrap();
    let index = TantivyIndex::create(&dir.path().join("index"), &KeywordConfig::default()).unwrap();
    let entry = |chunk, title: &str, context: &str, text: &str| KeywordEntry {
        chunk: ChunkId(chunk),
        access: AccessClassId(1),
        title: title.into(),
        context: context.into(),
        text: text.into(),
        language: Some(Language::new("eng")),
    };
    let entries =
        vec![entry(1, "Travel", "Hotels", "book early"), entry(2, "", "", "we travel to hotels by train and book")];
    index.apply(vec![IndexChange::Replace { document: document(1), entries }]).await.unwrap();
    index.flush().await.unwrap();
    for text in ["travel", "hotel"] {
        let query = KeywordQuery { text: text.into(), access: vec![AccessClassId(1)], limit: 1 };
        assert_eq!(index.search(query).await.unwrap()[0].chunk, ChunkId(1), "{text}");
    }
}

/// What the index finds first for each question, over texts of several languages.
async fn found_among(texts: &[(i64, Option<&str>, &str)], questions: &[&str]) -> Vec<Option<i64>> {
    let dir = TempDir::new().unwrap();
    let index = TantivyIndex::create(&dir.path().join("index"), &KeywordConfig::default()).unwrap();
    let changes = texts.iter().map(|(chunk, language, text)| {
        let entry = KeywordEntry {
            chunk: ChunkId(*chunk),
            access: AccessClassId(1),
            title: String::new(),
            context: String::new(),
            text: (*text).to_owned(),
            language: language.map(Language::new),
        };
        IndexChange::Replace { document: document(u32::try_from(*chunk).unwrap()), entries: vec![entry] }
    });
    index.apply(changes.collect()).await.unwrap();
    index.flush().await.unwrap();
    let mut found = Vec::new();
    for question in questions {
        let query = KeywordQuery { text: (*question).to_owned(), access: vec![AccessClassId(1)], limit: 1 };
        found.push(index.search(query).await.unwrap().first().map(|hit| hit.chunk.0));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_found_by_other_forms_of_their_words_in_their_language() {
    let texts = [
        (1, Some("eng"), "Employees carry over their unused holidays to the following year."),
        (2, Some("nld"), "De vergoeding voor ongebruikte vakantie wordt in januari betaald."),
        (3, Some("deu"), "Überstunden werden mit dem nächsten Gehalt ausgezahlt."),
        (4, Some("fra"), "Les congés payés se prennent avant la fin de l'année."),
        (5, Some("spa"), "Las vacaciones se piden con dos semanas de antelación."),
        (6, Some("pol"), "Urlopy wypoczynkowe zgłasza się przełożonemu."),
        (7, None, "Zertz glonked policies"),
    ];
    let questions = [
        "what about a holiday that an employee did not use",
        "welke vergoedingen zijn er",
        "wann wird eine Überstunde ausgezahlt",
        "wann wird eine Uberstunde ausgezahlt",
        "comment prendre un congé payé",
        "vacación",
        "urlopy",
        "glonked",
    ];
    let expected = [1, 2, 3, 3, 4, 5, 6, 7].map(Some);
    assert_eq!(found_among(&texts, &questions).await, expected);
    for (text, question) in texts.iter().zip(&questions).take(2) {
        assert_eq!(found_among(&[*text], &[question]).await, [Some(text.0)], "alone in the index");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_without_a_known_language_are_taken_as_they_stand() {
    let plain = [(1, None, "policies"), (2, Some("tlh"), "employés")];
    assert_eq!(found_among(&plain, &["policies", "policy", "EMPLOYES"]).await, [Some(1), None, Some(2)]);
    let english = [(1, Some("eng"), "policies")];
    assert_eq!(found_among(&english, &["policy"]).await, [Some(1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_words_of_the_question_s_language_do_not_decide() {
    let texts = [
        (
            1,
            Some("nld"),
            "De regels voor het parkeren van de fiets en van de auto bij het kantoor, en voor het laden van de accu.",
        ),
        (2, Some("nld"), "Declaraties gaan binnen een maand naar de administratie."),
        (3, Some("eng"), "Parking rules for the office."),
    ];
    assert_eq!(
        found_among(&texts, &["wat zijn de regels voor een declaratie van de reis en van het hotel"]).await,
        [Some(2)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unflushed_changes_are_not_searched_and_not_kept() {
    let engine = tantivy().await.unwrap();
    let index = engine.open().await;
    index.write(&[(1, &[(1, 1, "apple")])]).await;
    let Index::Keyword(keyword) = &index else { panic!("a keyword index") };
    keyword.apply(vec![keyword_change((2, &[(2, 1, "apple")]))]).await.unwrap();
    assert_eq!(index.find("apple", &[1], 10).await, [1]);
    drop(index);
    assert_eq!(engine.open().await.chunks().await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_cut_off_half_way_can_be_made_again() {
    let home = TempDir::new().unwrap();
    let (dir, config) = (home.path().join("index"), KeywordConfig::default());
    let open = || Index::Keyword(std::sync::Arc::new(TantivyIndex::open(&dir, &config).unwrap()));
    drop(TantivyIndex::create(&dir, &config).unwrap());
    open().write(&[(1, &[(1, 1, "apple")]), (2, &[(2, 1, "bridge")])]).await;
    let before = fs::read(dir.join("meta.json")).unwrap();
    open().write(&[(2, &[])]).await;
    let deletions =
        || fs::read_dir(&dir).unwrap().any(|file| file.unwrap().path().extension().is_some_and(|e| e == "del"));
    assert!(deletions());
    // As a kill leaves it: the commit's files are there, the list that names them is the old one.
    fs::write(dir.join("meta.json"), before).unwrap();
    let index = open();
    assert_eq!(index.chunks().await, [1, 2]);
    assert!(!deletions());
    index.write(&[(2, &[])]).await;
    assert_eq!(index.chunks().await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_cannot_be_used_is_told_apart() {
    let home = TempDir::new().unwrap();
    let dir = home.path().join("index");
    let config = KeywordConfig::default();
    let unusable = |what: &str| match TantivyIndex::open(&dir, &config) {
        Err(error) => assert!(error.is_unusable(), "{what}: {error}"),
        Ok(_) => panic!("{what}: opened"),
    };
    unusable("missing");
    fs::create_dir(&dir).unwrap();
    unusable("empty");
    fs::write(dir.join("meta.json"), "{").unwrap();
    unusable("damaged");
    assert!(TantivyIndex::create(&dir, &config).is_err_and(|error| error.is_unusable()), "create keeps what is there");

    wipe(&dir).unwrap();
    let index = TantivyIndex::create(&dir, &config).unwrap();
    assert!(matches!(TantivyIndex::open(&dir, &config), Err(Error::InUse { .. })), "second open");
    index.apply(vec![keyword_change((1, &[(1, 1, "apple")]))]).await.unwrap();
    index.flush().await.unwrap();
    drop(index);

    let term_file = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
    let term_file = term_file.filter(|path| path.extension().is_some_and(|kind| kind == "term")).max().unwrap();
    let bytes = fs::read(&term_file).unwrap();
    fs::write(&term_file, &bytes[..bytes.len() / 2]).unwrap();
    unusable("truncated");
    fs::remove_file(&term_file).unwrap();
    unusable("incomplete");
    wipe(&dir).unwrap();
    wipe(&dir).unwrap();
    assert!(TantivyIndex::create(&dir, &config).is_ok());
}
