//! A real folder on disk, watched from sync to sync.

use std::{
    error::Error,
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::Path,
};

use domain::{Change, Cursor, RawDocument};
use futures::TryStreamExt;
use tempfile::TempDir;

use super::*;

type Outcome = Result<(), Box<dyn Error>>;

fn folder(files: &[(&str, &str)]) -> Result<TempDir, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    for (name, text) in files {
        write(folder.path(), name, text)?;
    }
    Ok(folder)
}

fn write(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap_or(folder))?;
    fs::write(path, text)
}

fn sync(config: FolderConfig) -> EngineResult<Vec<Batch>> {
    sync_for(config, vec![Principal::everyone()])
}

fn sync_for(config: FolderConfig, readers: Vec<Principal>) -> EngineResult<Vec<Batch>> {
    sync_since(config, readers, Since::default())
}

fn sync_since(config: FolderConfig, readers: Vec<Principal>, since: Since) -> EngineResult<Vec<Batch>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| EngineError::give_up(error.to_string()))?;
    let connector = FolderConnector::new(config, readers, crate::conformance::clock())?;
    runtime.block_on(connector.changes(since).try_collect())
}

fn documents(batches: &[Batch]) -> Vec<&RawDocument> {
    let upserts = batches.iter().flat_map(|batch| &batch.changes).filter_map(|change| match change {
        Change::Upsert(raw) => Some(raw),
        _ => None,
    });
    upserts.collect()
}

fn failures(batches: &[Batch]) -> Vec<(&str, &str)> {
    let failed = batches.iter().flat_map(|batch| &batch.changes).filter_map(|change| match change {
        Change::Failed { external_id, reason, .. } => Some((external_id.as_str(), reason.as_str())),
        _ => None,
    });
    failed.collect()
}

fn ids(batches: &[Batch]) -> Vec<&str> {
    documents(batches).into_iter().map(|raw| raw.external_id.as_str()).collect()
}

#[test]
fn files_come_in_path_order_with_uri_and_readers() -> Outcome {
    let folder =
        folder(&[("b.md", "b"), ("a dir/ü#1.txt", "u"), (".hidden/x.md", "x"), (".y.md", "y"), ("~$b.docx", "lock")])?;
    let batches = sync(FolderConfig::new(folder.path()))?;
    assert_eq!(ids(&batches), ["a dir/ü#1.txt", "b.md"]);
    let [batch] = batches.as_slice() else { return Err("one batch expected".into()) };
    assert_eq!((batch.total, batch.cursor.as_ref()), (Some(2), None));
    assert_eq!(batch.listing.as_deref(), Some(["a dir/ü#1.txt".to_owned(), "b.md".to_owned()].as_slice()));
    let documents = documents(&batches);
    let first = documents.first().ok_or("no document")?;
    assert!(first.uri.starts_with("file:///") && first.uri.ends_with("/a%20dir/%C3%BC%231.txt"), "{}", first.uri);
    assert_eq!((first.file_name.as_str(), first.bytes.as_slice()), ("ü#1.txt", "u".as_bytes()));
    assert_eq!(first.readers, [Principal::everyone()]);
    assert!(first.modified_at.is_some());
    Ok(())
}

#[test]
fn added_changed_and_deleted_files_show_in_the_next_sync() -> Outcome {
    let folder = folder(&[("a.md", "one"), ("b.md", "two")])?;
    sync(FolderConfig::new(folder.path()))?;
    write(folder.path(), "a.md", "changed")?;
    write(folder.path(), "c.md", "new")?;
    fs::remove_file(folder.path().join("b.md"))?;
    let batches = sync(FolderConfig::new(folder.path()))?;
    let texts: Vec<(&str, &[u8])> =
        documents(&batches).into_iter().map(|raw| (raw.external_id.as_str(), raw.bytes.as_slice())).collect();
    assert_eq!(texts, [("a.md", b"changed".as_slice()), ("c.md", b"new".as_slice())]);
    assert_eq!(batches.last().and_then(|batch| batch.listing.clone()), Some(vec!["a.md".into(), "c.md".into()]));
    Ok(())
}

#[test]
fn many_files_come_in_batches_and_the_last_lists_them_all() -> Outcome {
    let names: Vec<String> = (0..150).map(|n| format!("{n:03}.txt")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "text")).collect();
    let folder = folder(&files)?;
    let batches = sync(FolderConfig::new(folder.path()))?;
    assert_eq!(batches.iter().map(|batch| batch.changes.len()).collect::<Vec<_>>(), [64, 64, 22]);
    assert_eq!(
        batches.iter().map(|batch| batch.listing.as_ref().map(Vec::len)).collect::<Vec<_>>(),
        [None, None, Some(150)]
    );
    assert!(batches.iter().all(|batch| batch.total == Some(150)));
    Ok(())
}

#[test]
fn batches_are_bounded_in_bytes() -> Outcome {
    let big = "x".repeat(9 << 20);
    let folder = folder(&[("a.txt", &big), ("b.txt", &big), ("c.txt", "small")])?;
    let batches = sync(FolderConfig::new(folder.path()))?;
    assert_eq!(batches.iter().map(|batch| batch.changes.len()).collect::<Vec<_>>(), [1, 2]);
    Ok(())
}

#[test]
fn an_empty_or_missing_folder_is_an_error_and_no_deletion() -> Outcome {
    let empty = folder(&[])?;
    assert!(sync(FolderConfig::new(empty.path())).is_err());
    assert!(sync(FolderConfig::new(empty.path().join("gone"))).is_err());
    let hidden = folder(&[(".hidden.md", "x"), ("access.toml", "")])?;
    assert!(sync(FolderConfig::new(hidden.path())).is_err());
    let file = folder(&[("a.md", "x")])?;
    assert!(sync(FolderConfig::new(file.path().join("a.md"))).is_err());
    Ok(())
}

#[test]
fn what_cannot_be_read_is_named_with_its_reason() -> Outcome {
    let folder = folder(&[("a.md", "fine"), ("big.txt", "12345678901"), ("song.mp3", "x"), ("LICENSE", "words")])?;
    fs::write(folder.path().join(OsStr::from_bytes(b"bad\xFFname.md")), "x")?;
    symlink("/nowhere/at/all.md", folder.path().join("dangling.md"))?;
    let batches = sync(FolderConfig { max_file_bytes: 10, ..FolderConfig::new(folder.path()) })?;
    assert_eq!(ids(&batches), ["LICENSE", "a.md"]);
    let expected = [
        ("bad\u{FFFD}name.md", "its name is not valid UTF-8"),
        ("big.txt", "it has 11 bytes, over the limit of 10"),
        ("dangling.md", "it is a link that leads out of the folder, or nowhere"),
        ("song.mp3", "no parser for .mp3 files"),
    ];
    assert_eq!(failures(&batches), expected);
    assert_eq!(batches.last().and_then(|batch| batch.listing.as_ref()).map(Vec::len), Some(6));
    Ok(())
}

#[test]
fn links_never_lead_out_of_the_folder() -> Outcome {
    let outside = folder(&[("secret.md", "secret"), ("deep/secret.md", "secret")])?;
    let inside = folder(&[("a.md", "a"), ("sub/b.md", "b")])?;
    symlink(outside.path().join("secret.md"), inside.path().join("stolen.md"))?;
    symlink(outside.path().join("deep"), inside.path().join("stolen"))?;
    symlink(inside.path().join("sub"), inside.path().join("again"))?;
    symlink(inside.path(), inside.path().join("sub/loop"))?;
    let batches = sync(FolderConfig::new(inside.path()))?;
    assert_eq!(ids(&batches), ["a.md", "sub/b.md"]);
    assert_eq!(failures(&batches).into_iter().map(|(id, _)| id).collect::<Vec<_>>(), ["stolen", "stolen.md"]);
    Ok(())
}

#[test]
fn a_file_and_a_folder_without_permission_fail_alone() -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("a.md", "a"), ("locked.md", "b"), ("shut/c.md", "c")])?;
    let close = |name: &str| fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o000));
    close("locked.md")?;
    close("shut")?;
    let batches = sync(FolderConfig::new(folder.path()))?;
    // The superuser reads everything.
    if fs::read(folder.path().join("locked.md")).is_err() {
        assert_eq!(failures(&batches).into_iter().map(|(id, _)| id).collect::<Vec<_>>(), ["locked.md", "shut"]);
        assert_eq!(batches.last().and_then(|batch| batch.listing.as_ref()).map(Vec::len), Some(3));
    }
    fs::set_permissions(folder.path().join("shut"), fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// A folder so deep that nobody can list it by its path, not even the superuser; returns its path below `root`.
fn too_deep_to_list(root: &Path) -> Result<String, Box<dyn Error>> {
    use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
    let name = "d".repeat(250);
    let mut at = openat(CWD, root, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    let mut path = Vec::new();
    while path.len() * 251 < 4_200 {
        mkdirat(&at, &name, Mode::RWXU)?;
        at = openat(&at, &name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
        path.push(name.clone());
    }
    Ok(path.join("/"))
}

#[test]
fn what_lies_where_nothing_can_be_listed_stays_and_all_else_can_go() -> Outcome {
    let rules = "[[rule]]\npath = \"**/deep.md\"\nreaders = [\"group:few\"]\n";
    let folder = folder(&[("a.md", "a"), ("access.toml", rules)])?;
    let deep = format!("{}/deep.md", too_deep_to_list(folder.path())?);
    let held = [deep.clone(), "gone.md".into(), "a.md".into()].map(|id| (id, Some("1".to_owned())));
    let since = Since { cursor: None, held: Arc::new(held.into_iter().collect()) };
    let batches = sync_since(FolderConfig::new(folder.path()), vec![Principal::everyone()], since)?;
    let listing = batches.last().and_then(|batch| batch.listing.clone()).ok_or("the listing is not complete")?;
    assert!(listing.contains(&deep) && listing.contains(&"a.md".into()) && !listing.contains(&"gone.md".into()));
    let [(unlisted, reason)] = failures(&batches)[..] else { return Err("one failure expected".into()) };
    assert!(deep.starts_with(unlisted) && reason.contains("cannot be listed"), "{reason}");
    let access = Change::Access { external_id: deep, readers: vec![Principal::group("few")] };
    assert!(batches.iter().flat_map(|batch| &batch.changes).any(|change| *change == access), "rules count there too");
    Ok(())
}

#[test]
fn no_link_that_took_a_folders_place_is_followed() -> Outcome {
    let names: Vec<String> = (0..70).map(|number| format!("sub/{number:02}.md")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "ours")).collect();
    let (here, elsewhere) = (folder(&files)?, folder(&[])?);
    for number in 0..70 {
        write(elsewhere.path(), &format!("{number:02}.md"), "of others")?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let connector =
        FolderConnector::new(FolderConfig::new(here.path()), vec![Principal::everyone()], crate::conformance::clock())?;
    let mut batches = connector.changes(Since::default());
    let first = runtime.block_on(batches.next()).ok_or("no batch")??;
    fs::rename(here.path().join("sub"), here.path().join("was"))?;
    symlink(elsewhere.path(), here.path().join("sub"))?;
    let second = [runtime.block_on(batches.next()).ok_or("one batch only")??];
    assert_eq!((first.changes.len(), documents(&[first]).len()), (64, 64));
    assert_eq!((documents(&second).len(), failures(&second).len()), (0, 6));
    Ok(())
}

#[test]
fn access_rules_apply_and_a_bad_file_stops_the_sync() -> Outcome {
    let rules = "[[rule]]\npath = \"people/**\"\nreaders = [\"group:people\"]\n";
    let folder = folder(&[("people/pay.md", "p"), ("a.md", "a"), ("access.toml", rules)])?;
    let config = FolderConfig::new(folder.path());
    let batches = sync_for(config.clone(), vec![Principal::group("staff")])?;
    let readers: Vec<_> =
        documents(&batches).into_iter().map(|raw| (raw.external_id.as_str(), raw.readers.clone())).collect();
    assert_eq!(
        readers,
        [("a.md", vec![Principal::group("staff")]), ("people/pay.md", vec![Principal::group("people")])]
    );
    assert!(failures(&batches).is_empty());
    write(folder.path(), "access.toml", "[[rule]]\npath = \"people/**\"\nreders = []")?;
    let error = sync(config.clone()).err().ok_or("a bad rule file was accepted")?;
    assert!(error.message.contains("access.toml") && !error.retryable, "{error}");
    assert!(sync_for(config, Vec::new()).is_err());
    Ok(())
}

#[test]
fn rules_hold_however_a_name_is_spelt_and_one_that_matches_nothing_is_named() -> Outcome {
    let rules = "[[rule]]\npath = \"B\u{fc}ro/**\"\nreaders = [\"group:office\"]\n\
                 [[rule]]\npath = \"peple/**\"\nreaders = [\"group:people\"]\n\
                 [[rule]]\npath = \"drafts/**\"\nreaders = [\"group:people\"]\n";
    let folder = folder(&[("Bu\u{308}ro/pay.md", "p"), ("drafts/a.md", "a"), ("access.toml", rules)])?;
    let config = FolderConfig { exclude: vec!["drafts".into()], ..FolderConfig::new(folder.path()) };
    let batches = sync(config)?;
    assert_eq!(documents(&batches).first().ok_or("no document")?.readers, [Principal::group("office")]);
    let [(id, reason)] = failures(&batches)[..] else { return Err(format!("{:?}", failures(&batches)).into()) };
    assert!(id == "access.toml: peple/**" && reason.contains("matches no file"), "{id}: {reason}");
    assert!(batches.last().and_then(|batch| batch.listing.as_ref()).is_some_and(|ids| ids.contains(&id.to_owned())));
    Ok(())
}

#[test]
fn rules_that_were_there_are_missed() -> Outcome {
    let folder = folder(&[("a.md", "a"), ("access.toml", "")])?;
    let sync = |cursor: Option<Cursor>| {
        sync_since(FolderConfig::new(folder.path()), vec![Principal::everyone()], cursor.into())
    };
    let cursor = sync(None)?.pop().and_then(|batch| batch.cursor);
    fs::rename(folder.path().join("access.toml"), folder.path().join(".access.toml.swp"))?;
    let error = sync(cursor.clone()).err().ok_or("documents lost their rules")?;
    assert!(error.message.contains("put it back") && !error.retryable, "{error}");
    fs::rename(folder.path().join(".access.toml.swp"), folder.path().join("access.toml"))?;
    assert_eq!(sync(cursor)?.pop().and_then(|batch| batch.cursor), Some(Cursor("access.toml".into())));
    fs::remove_file(folder.path().join("access.toml"))?;
    assert_eq!(sync(None)?.pop().and_then(|batch| batch.cursor), None, "a folder that never had any needs none");
    Ok(())
}

#[test]
fn include_and_exclude_choose_files() -> Outcome {
    let folder = folder(&[("docs/a.md", "a"), ("docs/drafts/b.md", "b"), ("c.md", "c"), ("docs/d.txt", "d")])?;
    let config = FolderConfig {
        include: vec!["docs/**".into()],
        exclude: vec!["docs/drafts".into(), "*.txt".into()],
        ..FolderConfig::new(folder.path())
    };
    let batches = sync(config)?;
    assert_eq!(ids(&batches), ["docs/a.md"]);
    assert!(failures(&batches).is_empty());
    Ok(())
}
