//! `ask`, `search` and `document`: the contracts that other programs rely on.

use anyhow::{Context, Result};

use crate::house::House;

const LEAVE: &str = "# Leave policy\n\nÜber alles: this page is about leave.\n\n## Carry-over\n\nUp to 5 unused leave days carry over into the next year and must be taken by 31 March.\n\n## Sick leave\n\nA doctor's note is needed from the third sick day on.\n";
const TRAVEL: &str =
    "Travel expenses\n\nHotel rooms are reimbursed up to 140 euros per night. Receipts go to finance within 30 days.\n";

fn house() -> Result<House> {
    let house = House::new()?;
    house.write("people/leave.md", LEAVE)?;
    house.write("finance/travel.txt", TRAVEL)?;
    house.write(
        "people/salaries.txt",
        "Salary bands\n\nThe salary band L4 ranges from 71,000 to 84,000 euros per year.\n",
    )?;
    house.write("access.toml", "[[rule]]\npath = \"people/salaries.txt\"\nreaders = [\"group:people\"]\n")?;
    house.ingest()?;
    Ok(house)
}

#[test]
fn an_answer_cites_exact_characters_of_an_exact_version() -> Result<()> {
    let house = house()?;
    let answer = house.json(&["ask", "How many unused leave days can I carry over?"])?;
    assert_eq!(answer["abstained"], false, "{answer:#}");
    assert!(answer["answer"].as_str().is_some_and(|text| text.contains("5 unused leave days") && text.contains("[1]")));
    assert_eq!(answer["sentences"][0]["verdict"], "supported");
    let citation = &answer["citations"][0];
    let (id, version) =
        (citation["document_id"].as_str().context("id")?, citation["version"].as_str().context("version")?);
    let text = house.text(&["document", id, "--version", version, "--text"])?;
    let (start, end) =
        (citation["start"].as_u64().context("start")? as usize, citation["end"].as_u64().context("end")? as usize);
    let quoted: String = text.chars().skip(start).take(end - start).collect();
    assert_eq!(Some(quoted.as_str()), citation["quote"].as_str());
    for key in ["passages", "model", "prompt_hash", "timings_ms", "nearest", "withheld"] {
        assert!(!answer[key].is_null(), "{key} is missing");
    }
    Ok(())
}

#[test]
fn what_no_document_says_is_refused_with_the_nearest_documents() -> Result<()> {
    let house = house()?;
    let answer = house.json(&["ask", "What is the wifi password of the Tokyo office?"])?;
    assert_eq!(
        (&answer["abstained"], answer["sentences"].as_array().map(Vec::len)),
        (&true.into(), Some(0)),
        "{answer:#}"
    );
    assert!(answer["nearest"].as_array().is_some_and(|nearest| !nearest.is_empty()));
    Ok(())
}

#[test]
fn a_restricted_document_is_shown_to_its_readers_only() -> Result<()> {
    let house = house()?;
    let question = "What is the salary band L4?";
    let hidden = house.json(&["ask", question])?;
    assert_eq!(hidden["abstained"], true, "{hidden:#}");
    assert!(!hidden.to_string().contains("salaries.txt"));
    let shown = house.json(&["ask", question, "--group", "people"])?;
    assert!(shown["answer"].as_str().is_some_and(|text| text.contains("84,000")), "{shown:#}");
    let id = shown["citations"][0]["document_id"].as_str().context("id")?;
    let (status, line) = house.failure(&["document", id, "--text"])?;
    assert!(status == 1 && line.contains("does not exist"), "{line}");
    for leg in ["keyword", "vector", "hybrid"] {
        let hits = house.json(&["search", "salary band L4", "--leg", leg])?;
        assert!(!hits.to_string().contains("salaries.txt"), "{leg}: {hits:#}");
    }
    Ok(())
}

#[test]
fn search_lists_passages_of_each_leg() -> Result<()> {
    let house = house()?;
    for leg in ["keyword", "vector", "hybrid"] {
        let hits = house.json(&["search", "hotel price per night", "--leg", leg, "--limit", "2"])?;
        let first = &hits["hits"][0];
        assert!(first["uri"].as_str().is_some_and(|uri| uri.ends_with("finance/travel.txt")), "{leg}: {hits:#}");
        for key in ["document_id", "version", "chunk_id", "title", "score", "start", "end", "text"] {
            assert!(!first[key].is_null(), "{key} is missing");
        }
    }
    Ok(())
}

#[test]
fn questions_that_cannot_be_asked_are_wrong_usage() -> Result<()> {
    let house = House::new()?;
    let long = "why ".repeat(25_000);
    for question in ["", "  \n", long.as_str()] {
        let (status, line) = house.failure(&["ask", question])?;
        assert_eq!((status, line.lines().count()), (2, 1), "{line}");
    }
    assert_eq!(house.failure(&["ask"])?.0, 2);
    assert_eq!(house.failure(&["document", "doc_nonsense"])?.0, 2);
    Ok(())
}

#[test]
fn flags_work_before_and_after_the_command() -> Result<()> {
    let house = house()?;
    let data_dir = house.data_dir();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_footnote"))
        .args(["search", "hotel", "--json", "--data-dir"])
        .arg(&data_dir)
        .output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[test]
fn a_missing_model_names_the_command_that_fetches_it() -> Result<()> {
    let house = House::new()?;
    let nowhere = house.data_dir().join("no-models");
    let (status, line) = house.failure(&["ask", "Why?", "--models-dir", crate::house::path(&nowhere)?])?;
    assert!(status == 1 && line.contains("footnote models pull") && line.lines().count() == 1, "{line}");
    Ok(())
}

#[test]
fn the_local_language_model_answers_or_its_evidence_is_quoted() -> Result<()> {
    let house = house()?;
    let answer = house.json(&["ask", "How many unused leave days can I carry over?", "--generator", "candle"])?;
    assert_eq!(answer["abstained"], false, "{answer:#}");
    assert!(
        answer["sentences"].as_array().is_some_and(|sentences| sentences.iter().all(|s| s["verdict"] != "unsupported"))
    );
    assert!(answer["citations"].to_string().contains("5 unused leave days"), "{answer:#}");
    Ok(())
}

#[test]
fn an_argument_that_is_no_unicode_is_wrong_usage() -> Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"\xff");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_footnote")).arg(odd).output()?;
    assert_eq!(output.status.code(), Some(2));
    Ok(())
}

#[test]
fn an_evaluation_leaves_the_configured_database_alone() -> Result<()> {
    let house = house()?;
    house.write("beir/corpus.jsonl", "{\"_id\":\"d1\",\"title\":\"\",\"text\":\"zebra crossing\"}\n")?;
    house.write("beir/queries.jsonl", "{\"_id\":\"q1\",\"text\":\"zebra\"}\n")?;
    house.write("beir/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\n")?;
    let url = format!("sqlite://{}", house.data_dir().join("footnote.db").display());
    let beir = house.documents().join("beir");
    let output = house
        .command(&["eval", "retrieval", "--json", "--beir", crate::house::path(&beir)?])
        .env("FOOTNOTE__STORE__URL", url)
        .output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(report["legs"]["hybrid"]["ndcg@10"], 1.0, "{report:#}");
    assert!(!house.json(&["search", "zebra"])?.to_string().contains("zebra crossing"));
    Ok(())
}
