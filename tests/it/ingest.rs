//! `ingest`: what changed is read, what is gone leaves the indexes, what is broken is named.

use anyhow::{Context, Result};

use crate::house::House;

fn found(house: &House, query: &str) -> Result<String> {
    Ok(house.json(&["search", query, "--leg", "keyword"])?.to_string())
}

#[test]
fn changes_follow_the_folder() -> Result<()> {
    let house = House::new()?;
    house.write("a.md", "# Badges\n\nThe visitor badge is blue.\n")?;
    house.write("b.txt", "The parking garage opens at six in the morning.\n")?;
    let first = house.ingest()?;
    assert_eq!(
        (&first["summary"]["added"], &first["summary"]["failures"]),
        (&2.into(), &serde_json::json!([])),
        "{first:#}"
    );
    assert_eq!(house.ingest()?["summary"]["unchanged"], 2);

    house.write("a.md", "# Badges\n\nThe visitor badge is orange.\n")?;
    std::fs::remove_file(house.documents().join("b.txt"))?;
    let third = house.ingest()?;
    assert_eq!((&third["summary"]["changed"], &third["summary"]["deleted"]), (&1.into(), &1.into()), "{third:#}");
    assert!(found(&house, "visitor badge")?.contains("orange"));
    assert!(!found(&house, "visitor badge")?.contains("blue"));
    assert!(!found(&house, "parking garage")?.contains("garage opens"));
    house.json(&["doctor"])?;
    Ok(())
}

#[test]
fn an_old_citation_still_resolves_after_a_change() -> Result<()> {
    let house = House::new()?;
    house.write("a.md", "# Badges\n\nThe visitor badge is blue.\n")?;
    house.ingest()?;
    let answer = house.json(&["ask", "What colour is the visitor badge?"])?;
    let citation = answer["citations"][0].clone();
    house.write("a.md", "# Badges\n\nThe visitor badge is orange.\n")?;
    house.ingest()?;
    let (id, version) =
        (citation["document_id"].as_str().context("id")?, citation["version"].as_str().context("version")?);
    assert!(house.text(&["document", id, "--version", version, "--text"])?.contains("blue"));
    assert!(house.text(&["document", id, "--text"])?.contains("orange"));
    Ok(())
}

#[test]
fn broken_files_are_named_with_a_reason_and_the_rest_goes_on() -> Result<()> {
    let house = House::new()?;
    house.write("good.md", "# Good\n\nThis one can be read.\n")?;
    house.write("empty.txt", "")?;
    house.write("truncated.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog".as_slice())?;
    house.write("broken.docx", b"PK\x03\x04not really a zip".as_slice())?;
    house.write("binary.txt", [0u8, 1, 2, 3, 255, 254, 0, 0, 7].as_slice())?;
    house.write("song.mp3", b"ID3 nothing".as_slice())?;
    let report = house.ingest()?;
    assert_eq!(report["summary"]["added"], 1, "{report:#}");
    let failures = report["summary"]["failures"].as_array().context("failures")?;
    for name in ["empty.txt", "truncated.pdf", "broken.docx", "binary.txt", "song.mp3"] {
        let failure = failures.iter().find(|failure| failure["external_id"] == name);
        assert!(
            failure.is_some_and(|failure| failure["reason"].as_str().is_some_and(|reason| reason.len() > 10)),
            "{name}: {report:#}"
        );
    }
    // The same bytes fail the same way without being tried again.
    assert_eq!(house.ingest()?["summary"]["failures"], report["summary"]["failures"]);
    Ok(())
}

#[test]
fn the_very_same_text_is_indexed_once_and_survives_its_original() -> Result<()> {
    let house = House::new()?;
    let text = "The fire drill takes place on the first Monday of May.\n";
    house.write("a.txt", text)?;
    house.write("b.txt", text)?;
    assert_eq!(house.ingest()?["summary"]["duplicates"], 1);
    let hits = house.json(&["search", "fire drill"])?;
    assert_eq!(hits["hits"].as_array().map(Vec::len), Some(1), "{hits:#}");
    std::fs::remove_file(house.documents().join("a.txt"))?;
    house.ingest()?;
    assert!(found(&house, "fire drill")?.contains("b.txt"));
    house.json(&["doctor"])?;
    Ok(())
}

#[test]
fn an_empty_folder_deletes_nothing() -> Result<()> {
    let house = House::new()?;
    house.write("a.txt", "The canteen serves soup on Fridays.\n")?;
    house.ingest()?;
    std::fs::remove_file(house.documents().join("a.txt"))?;
    let (status, line) = house.failure(&["ingest", crate::house::path(&house.documents())?])?;
    assert!(status == 1 && line.lines().count() == 1, "{line}");
    assert!(found(&house, "canteen soup")?.contains("canteen serves"));
    Ok(())
}

#[test]
fn a_change_of_readers_alone_reaches_the_search() -> Result<()> {
    let house = House::new()?;
    house.write("plan.txt", "Project Heron starts in October.\n")?;
    house.ingest()?;
    assert!(found(&house, "Heron")?.contains("plan.txt"));
    house.write("access.toml", "[[rule]]\npath = \"**\"\nreaders = [\"group:board\"]\n")?;
    assert_eq!(house.ingest()?["summary"]["access_changed"], 1);
    assert!(!found(&house, "Heron")?.contains("plan.txt"));
    assert!(house.json(&["search", "Heron", "--group", "board"])?.to_string().contains("plan.txt"));
    Ok(())
}

#[test]
fn a_second_process_on_the_data_directory_is_refused_at_once() -> Result<()> {
    let house = House::new()?;
    house.write("a.txt", "Nothing much.\n")?;
    house.ingest()?;
    let lock = std::fs::File::options().write(true).open(house.data_dir().join("footnote.lock"))?;
    lock.lock()?;
    let (status, line) = house.failure(&["ask", "What?"])?;
    assert!(status == 1 && line.contains("in use") && line.lines().count() == 1, "{line}");
    Ok(())
}

#[test]
fn lost_indexes_are_rebuilt_from_sql() -> Result<()> {
    let house = House::new()?;
    house.write("a.txt", "The archive is in the basement of building C.\n")?;
    house.ingest()?;
    for index in ["keyword", "vector"] {
        std::fs::remove_dir_all(house.data_dir().join("index").join(index))?;
        assert!(house.json(&["search", "archive basement", "--leg", index])?.to_string().contains("building C"));
        house.json(&["doctor"])?;
    }
    Ok(())
}

#[test]
fn readers_named_once_stay_until_others_are_named() -> Result<()> {
    let house = House::new()?;
    house.write("plan.txt", "Project Heron starts in October.\n")?;
    let folder = house.documents();
    let folder = crate::house::path(&folder)?;
    house.json(&["ingest", folder, "--reader", "group:board"])?;
    assert_eq!(house.ingest()?["summary"]["unchanged"], 1);
    assert!(!found(&house, "Heron")?.contains("plan.txt"));
    house.json(&["ingest", folder, "--reader", "everyone"])?;
    assert!(found(&house, "Heron")?.contains("plan.txt"));
    Ok(())
}

#[test]
fn a_restriction_counts_even_when_the_new_bytes_cannot_be_read() -> Result<()> {
    let house = House::new()?;
    house.write("plan.txt", "Project Heron starts in October.\n")?;
    house.write("other.txt", "The canteen serves soup on Fridays.\n")?;
    house.ingest()?;
    house.write("plan.txt", "")?;
    house.write("access.toml", "[[rule]]\npath = \"plan.txt\"\nreaders = [\"group:board\"]\n")?;
    house.ingest()?;
    assert!(!found(&house, "Heron")?.contains("plan.txt"));
    Ok(())
}

#[test]
fn access_rules_below_the_root_stop_the_ingest() -> Result<()> {
    let house = House::new()?;
    house.write("a.txt", "Nothing much.\n")?;
    house.write("people/access.toml", "[[rule]]\npath = \"**\"\nreaders = [\"group:people\"]\n")?;
    let (status, line) = house.failure(&["ingest", crate::house::path(&house.documents())?])?;
    assert!(status == 1 && line.contains("people/access.toml") && line.lines().count() == 1, "{line}");
    Ok(())
}

#[test]
fn doctor_reports_a_damaged_index_and_repairs_it_when_asked() -> Result<()> {
    let house = House::new()?;
    house.write("a.txt", "The archive is in the basement of building C.\n")?;
    house.ingest()?;
    let meta = house.data_dir().join("index/keyword/meta.json");
    std::fs::write(&meta, "junk")?;
    let report = house.run(&["doctor", "--json"])?;
    assert_eq!(report.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&meta)?, "junk");
    assert_eq!(house.json(&["doctor", "--repair"])?["ok"], true);
    Ok(())
}
