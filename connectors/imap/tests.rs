//! What the suite cannot know of mail: TLS, tokens, sizes, names, what was thrown away.

use std::collections::HashMap;

use axum::{Form, Json, Router, extract::Query, http::HeaderMap, routing};
use serde_json::{Value, json};

use super::server::Dovecot;
use crate::{
    Http, HttpConfig, Parts, SourceConfig,
    conformance::{Replica, clock, parts, serve},
};

async fn sync(dovecot: &Dovecot, replica: &mut Replica, more: Value) -> Result<(), domain::EngineError> {
    let connector = dovecot.config(more).open(parts())?;
    replica.sync(&*connector).await
}

fn message(text: &str) -> String {
    format!("From: bob@example.com\nSubject: Hello\n\n{text}\n")
}

#[tokio::test]
async fn a_connection_is_encrypted_and_checked() {
    let Some(dovecot) = Dovecot::start(None) else { return };
    dovecot.deliver("INBOX", "1.M1.a", &message("encrypted"));
    let known = dovecot.certificate();
    for (tls, port) in [("implicit", dovecot.tls_port), ("starttls", dovecot.plain_port)] {
        let mut replica = Replica::default();
        let mut settings = json!({"tls": tls, "port": port, "ca_certificate": known});
        sync(&dovecot, &mut replica, settings.clone()).await.unwrap();
        assert_eq!(replica.documents.len(), 1, "{tls}");
        settings["ca_certificate"] = Value::Null;
        let error = sync(&dovecot, &mut Replica::default(), settings.clone()).await.unwrap_err();
        assert!(error.message.contains("TLS") && !error.retryable, "an unknown certificate, {tls}: {error}");
        settings["ca_certificate"] = json!(known);
        settings["host"] = json!("127.0.0.1");
        let error = sync(&dovecot, &mut Replica::default(), settings).await.unwrap_err();
        assert!(error.message.contains("TLS"), "a certificate for another name, {tls}: {error}");
    }
    let error = sync(&dovecot, &mut Replica::default(), json!({"password": "hunter2"})).await.unwrap_err();
    assert!(error.message.contains("check user and password") && !error.message.contains("hunter2"), "{error}");
    assert!(!error.retryable);
}

#[tokio::test]
async fn a_token_opens_a_mailbox() {
    let issue = |Form(fields): Form<HashMap<String, String>>| async move {
        assert_eq!((&*fields["grant_type"], &*fields["client_secret"]), ("client_credentials", "hush"));
        Json(
            json!({"access_token": if fields["client_id"] == "good" { "token-1" } else { "token-2" }, "expires_in": 3600}),
        )
    };
    let check = |Query(fields): Query<HashMap<String, String>>, headers: HeaderMap| async move {
        let asked = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let is_good = asked.ends_with("token-1") || fields.values().any(|value| value == "token-1");
        Json(if is_good { json!({"active": true, "email": "ann"}) } else { json!({"active": false}) })
    };
    let router = Router::new().route("/token", routing::post(issue)).route("/check", routing::get(check));
    let address = serve(router).await;
    let Some(dovecot) = Dovecot::start(Some(&format!("{address}/check"))) else { return };
    dovecot.deliver("INBOX", "1.M1.a", &message("by token"));
    let oauth = |id: &str| json!({"token_url": format!("{address}/token"), "client_id": id, "client_secret": "hush"});
    let mut replica = Replica::default();
    sync(&dovecot, &mut replica, json!({"password": null, "oauth": oauth("good")})).await.unwrap();
    assert_eq!(replica.documents.len(), 1);
    let error = sync(&dovecot, &mut replica, json!({"password": null, "oauth": oauth("bad")})).await.unwrap_err();
    assert!(error.message.contains("refused") && !error.message.contains("token-2"), "{error}");
}

#[tokio::test]
async fn mailboxes_are_chosen_and_large_messages_named() {
    let Some(dovecot) = Dovecot::start(None) else { return };
    dovecot.deliver("INBOX", "1.M1.a", &message("in the inbox"));
    dovecot.deliver("Entw&APw-rfe", "2.M1.a", &message("unfinished"));
    dovecot.deliver("Projects.X", "3.M1.a", &message(&"large ".repeat(1_000)));
    dovecot.deliver("Trash", "4.M1.a", &message("thrown away"));
    dovecot.deliver("INBOX", "5.M1.a", &message("marked as deleted"));
    let path = dovecot.find("5.M1.a").unwrap();
    std::fs::rename(&path, path.with_file_name("5.M1.a:2,T")).unwrap();
    let mut replica = Replica::default();
    sync(&dovecot, &mut replica, json!({"max_message_bytes": 1_000})).await.unwrap();
    let texts: Vec<_> = replica.documents.values().map(|held| held.text.lines().last().unwrap()).collect();
    assert_eq!(texts, ["unfinished", "in the inbox"]);
    let uris: Vec<_> = replica.documents.values().map(|held| held.uri.split(';').next().unwrap()).collect();
    assert_eq!(uris, ["imap://ann@localhost/Entw%C3%BCrfe", "imap://ann@localhost/INBOX"]);
    let (id, reason) = replica.failures.iter().next().unwrap();
    assert!(id.starts_with("Projects/X/") && reason.contains("over the limit of 1000"), "{id}: {reason}");

    let mut some = Replica::default();
    sync(&dovecot, &mut some, json!({"mailboxes": ["Entwürfe", "Tr*"]})).await.unwrap();
    assert_eq!(some.documents.len(), 2);
    assert!(sync(&dovecot, &mut some, json!({"mailboxes": ["Nowhere"]})).await.is_err());
    assert_eq!(some.documents.len(), 2);
}

#[tokio::test]
async fn many_messages_come_in_bounded_batches() {
    let Some(dovecot) = Dovecot::start(None) else { return };
    let folder = dovecot.mailbox("INBOX").join("cur");
    for number in 0..150 {
        std::fs::write(folder.join(format!("{number}.M1.a:2,")), message(&format!("number {number}."))).unwrap();
    }
    dovecot.open_up();
    let mut replica = Replica::default();
    sync(&dovecot, &mut replica, json!({})).await.unwrap();
    assert_eq!((replica.documents.len(), replica.fetched), (150, 150));
    // A flag is no change of a message, though the mailbox is listed again.
    let path = dovecot.find("7.M1.a").unwrap();
    std::fs::rename(&path, path.with_file_name("7.M1.a:2,S")).unwrap();
    sync(&dovecot, &mut replica, json!({})).await.unwrap();
    assert_eq!((replica.documents.len(), replica.fetched), (150, 0));
}

#[test]
fn settings_are_checked_before_anything_is_asked() {
    let good = json!({"host": "imap.example.org", "user": "ann", "password": "hunter2", "owner": "ann@example.org"});
    let open = |changes: Value, parts: Parts| {
        let mut settings = good.clone();
        for (name, value) in changes.as_object().unwrap() {
            settings[name] = value.clone();
        }
        serde_json::from_value::<super::ImapConfig>(settings).unwrap().open(parts).map(drop)
    };
    assert!(open(json!({}), parts()).is_ok());
    for (changes, said) in [
        (json!({"tls": "off"}), "only for a server on this machine"),
        (json!({"password": null}), "either `password` or `oauth`"),
        (json!({"owner": "ann"}), "no e-mail address"),
        (json!({"mailboxes": ["a["]}), "mailboxes"),
        (json!({"host": ""}), "must be given"),
        (json!({"ca_certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}), "TLS"),
    ] {
        let error = open(changes, parts()).unwrap_err();
        assert!(error.message.contains(said), "{error}");
    }
    assert!(open(json!({"owner": null}), Parts { readers: None, ..parts() }).is_err());
}

#[tokio::test]
async fn private_addresses_are_refused() {
    let settings = json!({"host": "127.0.0.1", "user": "ann", "password": "x", "tls": "off"});
    let config: super::ImapConfig = serde_json::from_value(settings).unwrap();
    let guarded = Parts { http: Http::new(HttpConfig::default(), clock()).unwrap(), ..parts() };
    let error = Replica::default().sync(&*config.open(guarded).unwrap()).await.unwrap_err();
    assert!(error.message.contains("private address"), "{error}");
}

/// A server of its own: what each mailbox says it holds is for the test to say.
async fn scripted(inbox: &'static str, archive: &'static str) -> u16 {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (read, mut write) = stream.into_split();
            write.write_all(b"* OK ready\r\n").await.unwrap();
            let mut lines = BufReader::new(read).lines();
            let mut messages = 0;
            while let Ok(Some(line)) = lines.next_line().await {
                let (tag, command) = line.split_once(' ').unwrap();
                let said = match command.split('"').collect::<Vec<_>>()[..] {
                    ["CAPABILITY"] => "* CAPABILITY IMAP4rev1\r\n".to_owned(),
                    ["LIST ", ..] => "* LIST () \"/\" INBOX\r\n* LIST () \"/\" Archive\r\n".into(),
                    ["EXAMINE ", name, ..] => {
                        let count = if name == "INBOX" { inbox } else { archive };
                        messages = count.parse::<u32>().unwrap();
                        format!("* {count} EXISTS\r\n* OK [UIDVALIDITY 7] kept\r\n")
                    }
                    ["UID FETCH 1:* (UID FLAGS RFC822.SIZE)"] => (1..=messages)
                        .map(|uid| format!("* {uid} FETCH (UID {uid} FLAGS () RFC822.SIZE 4)\r\n"))
                        .collect(),
                    [fetch] if fetch.starts_with("UID FETCH ") => (1..=messages)
                        .map(|uid| format!("* {uid} FETCH (UID {uid} BODY[] {{4}}\r\nmail)\r\n"))
                        .collect(),
                    _ => String::new(),
                };
                write.write_all(format!("{said}{tag} OK done\r\n").as_bytes()).await.unwrap();
            }
        }
    });
    port
}

#[tokio::test]
async fn a_mailbox_that_claims_too_much_is_named_and_the_others_go_on() {
    let mut replica = Replica::default();
    for (inbox, archive) in [("2", "1"), ("1", "4000000000")] {
        let port = scripted(inbox, archive).await;
        let settings = json!({ "host": "127.0.0.1", "port": port, "tls": "off", "user": "ann", "password": "pw" });
        replica.sync(&*crate::kind("imap").unwrap().open(settings, parts()).unwrap()).await.unwrap();
    }
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["Archive/7/1", "INBOX/7/1"]);
    assert!(replica.failures["mailbox Archive"].contains("over the limit"), "{:?}", replica.failures);
}
