//! What the suite cannot know of databases: types, limits, templates, refusals.

use serde_json::{Value, json};

use super::servers::Server;
use crate::{
    Http, HttpConfig, Parts, SourceConfig,
    conformance::{Replica, clock, parts},
};

async fn sync(server: &Server, replica: &mut Replica, more: Value) -> Result<(), domain::EngineError> {
    let connector = server.config(more).open(parts())?;
    replica.sync(&*connector).await
}

fn texts(replica: &Replica) -> Vec<(&str, &str)> {
    replica.documents.iter().map(|(id, held)| (id.as_str(), held.text.as_str())).collect()
}

#[tokio::test]
async fn postgres_types_are_text_and_ids_of_every_kind_are_found_again() {
    let Some(server) = Server::postgres().await else { return };
    server
        .run(
            "create type mood_TABLE_ as enum ('fine', 'so so');
             create table TABLE_ (n int8, u uuid, v varchar, c char(5), m mood_TABLE_, d numeric(9,2), t timestamptz, j jsonb, b bytea, a text[]);
             insert into TABLE_ values (9007199254740993, '6f9619ff-8b86-d011-b42d-00c04fc964ff', 'it''s; --', 'ab', 'so so', 1.50,
               '2026-11-24 12:00:00.123456+00', '{\"k\": [1]}', '\\x00ff', '{x,y}')",
        )
        .await;
    for (id, named) in [
        ("n", "9007199254740993"),
        ("u", "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        ("v", "it's; --"),
        ("c", "ab"),
        ("m", "so so"),
        ("d", "1.50"),
        ("t", "2026-11-24 12:00:00.123456+00"),
    ] {
        let mut replica = Replica::default();
        let text = "{{ d }}|{{ t }}|{{ j }}|{{ b }}|{{ a }}";
        let settings = json!({"query": "set time zone utc", "id_column": id, "text": text});
        assert!(sync(&server, &mut replica, settings).await.is_err(), "only a select is a query");
        sync(&server, &mut replica, json!({"query": "select * from TABLE_", "id_column": id, "text": text}))
            .await
            .unwrap();
        let time = &texts(&replica)[0].1[5..34];
        assert_eq!(texts(&replica), [(named, &*format!("1.50|{time}|{{\"k\": [1]}}|\\x00ff|{{x,y}}"))]);
        assert_eq!(time, "2026-11-24 12:00:00.123456+00");
    }
}

#[tokio::test]
async fn postgres_is_only_read_and_only_so_long() {
    let Some(server) = Server::postgres().await else { return };
    server.run("create table TABLE_ (id int); insert into TABLE_ values (1); create sequence s_TABLE_").await;
    for (query, said) in [
        ("select nextval('s_TABLE_') as id", "read-only"),
        ("select 1 as id) as q; delete from TABLE_; select * from (select 1 as id", "multiple commands"),
        ("with gone as (delete from TABLE_ returning id) select id from gone", "data-modifying"),
        ("select pg_sleep(5)::text as id", "takes too long"),
    ] {
        let settings = json!({"query": query, "text": "{{ id }}", "timeout_secs": 1});
        let error = sync(&server, &mut Replica::default(), settings).await.unwrap_err();
        assert!(error.message.contains(said) && !error.retryable, "{query}: {error}");
    }
    let mut replica = Replica::default();
    sync(&server, &mut replica, json!({"query": "select * from TABLE_;", "text": "{{ id }}"})).await.unwrap();
    assert_eq!(texts(&replica), [("1", "1")], "nothing was deleted");
    let wrong = json!({"query": "select 1 as id", "text": "", "password": "hunter2"});
    let error = sync(&server, &mut Replica::default(), wrong).await.unwrap_err();
    assert!(error.message.contains("check the user and the password") && !error.message.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn mariadb_types_limits_and_refusals() {
    let Some(server) = Server::mariadb().await else { return };
    server
        .run(
            "create table TABLE_ (id varchar(20) primary key, n bigint unsigned, d decimal(9,2), t datetime(6), j json, b blob);
             insert into TABLE_ values ('Ä\\'\\\\ 1', 18446744073709551615, 1.50, '2026-11-24 12:00:00.123456', '{\"k\": 1}', 'größe')",
        )
        .await;
    let text = "{{ n }}|{{ d }}|{{ t }}|{{ j }}|{{ b }}";
    let mut replica = Replica::default();
    sync(&server, &mut replica, json!({"query": "select * from TABLE_", "text": text})).await.unwrap();
    let expected = "18446744073709551615|1.50|2026-11-24 12:00:00.123456|{\"k\": 1}|größe";
    assert_eq!(texts(&replica), [("Ä'\\ 1", expected)]);
    for (query, said) in [
        ("select 1 as id) as q; delete from TABLE_; select * from (select 1 as id", "syntax"),
        ("select sleep(5) as id", "takes too long"),
        ("select 1 as id from nowhere", "nowhere"),
    ] {
        let settings = json!({"query": query, "text": "{{ id }}", "timeout_secs": 1});
        let error = sync(&server, &mut Replica::default(), settings).await.unwrap_err();
        assert!(error.message.contains(said) && !error.retryable, "{query}: {error}");
    }
    let wrong = json!({"query": "select 1 as id", "text": "", "password": "hunter2"});
    let error = sync(&server, &mut Replica::default(), wrong).await.unwrap_err();
    assert!(error.message.contains("check the user and the password") && !error.message.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn many_rows_come_in_bounded_batches_and_broken_ones_are_named() {
    let server = Server::sqlite().await;
    server
        .run(
            "create table TABLE_ (id text, body text, readers text);
             with recursive n(i) as (select 1 union all select i + 1 from n where i < 150)
               insert into TABLE_ select 'row ' || i, 'body ' || i, 'ann@example.com' from n;
             insert into TABLE_ values ('long', printf('%.*c', 2000, 'x'), 'everyone'), ('twice', 'a', 'everyone'),
               ('twice', 'b', 'everyone'), ('unread', 'c', null), ('strange', 'd', 'ann'), ('empty', null, 'everyone'), ('bytes', x'41ff42', 'everyone')",
        )
        .await;
    let settings = json!({"query": "select * from TABLE_", "text": "{{ body }}", "readers_column": "readers", "max_document_bytes": 1000});
    let mut replica = Replica::default();
    sync(&server, &mut replica, settings.clone()).await.unwrap();
    assert_eq!(replica.documents.len(), 152);
    assert_eq!(replica.documents["row 150"].text, "body 150");
    assert_eq!(replica.documents["empty"].text, "");
    assert_eq!(replica.documents["bytes"].text, "A\u{fffd}B");
    assert_eq!(replica.readers("body 7").into_iter().collect::<Vec<_>>(), ["ann@example.com"]);
    let reasons: Vec<_> = replica.failures.iter().map(|(id, reason)| format!("{id}: {reason}")).collect();
    assert_eq!(
        reasons,
        [
            "long: a column has more than 1000 characters",
            "strange: `ann` is not a principal: write everyone, user:EMAIL or group:NAME",
            "twice: the query returns 2 rows with this id",
            "unread: its readers column is empty, so nobody could read it",
        ]
    );
    let mut few = settings;
    few["max_rows"] = json!(10);
    let error = sync(&server, &mut Replica::default(), few).await.unwrap_err();
    assert!(error.message.contains("more than 10 rows"), "{error}");
}

#[tokio::test]
async fn another_template_makes_other_documents_of_the_same_rows() {
    let server = Server::sqlite().await;
    server.run("create table TABLE_ (id integer, name text, at text); insert into TABLE_ values (1, 'A', '2026-01-01T00:00:00.5Z')").await;
    let mut settings = json!({"query": "select * from TABLE_", "updated_column": "at", "text": "{{ name }}",
        "title": "No. {{ id }}", "url": "https://erp.example.org/{{ id }}", "format": "markdown"});
    let mut replica = Replica::default();
    sync(&server, &mut replica, settings.clone()).await.unwrap();
    let held = &replica.documents["1"];
    assert_eq!((held.title.as_deref(), &*held.uri), (Some("No. 1"), "https://erp.example.org/1"));
    settings["text"] = json!("Name: {{ name }}{% if missing %}{% endif %}");
    let error = sync(&server, &mut replica, settings.clone()).await.unwrap_err();
    assert!(error.message.contains("`missing`, which the query does not return"), "{error}");
    settings["text"] = json!("Name: {{ name }}{% for i in range(3) %}!{% endfor %}");
    sync(&server, &mut replica, settings).await.unwrap();
    assert_eq!(texts(&replica), [("1", "Name: A!!!")]);
}

#[tokio::test]
async fn sqlite_is_only_read_and_only_so_long() {
    let server = Server::sqlite().await;
    server.run("create table TABLE_ (id integer); insert into TABLE_ values (1)").await;
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) as id from n";
    let settings = json!({"query": endless, "text": "", "timeout_secs": 1});
    let error = sync(&server, &mut Replica::default(), settings).await.unwrap_err();
    assert!(error.message.contains("takes too long"), "{error}");
    let settings =
        json!({"query": "select 1 as id) as q; delete from TABLE_; select * from (select 1 as id", "text": ""});
    let _ = sync(&server, &mut Replica::default(), settings).await;
    let mut replica = Replica::default();
    sync(&server, &mut replica, json!({"query": "select * from TABLE_", "text": "{{ id }}"})).await.unwrap();
    assert_eq!(texts(&replica), [("1", "1")], "nothing was deleted");
}

#[tokio::test]
async fn settings_are_checked_before_anything_is_asked() {
    let server = Server::sqlite().await;
    let with = |more: Value| server.config(more);
    let good = json!({"query": "select 1 as id", "text": "{{ id }}"});
    for (name, value, said) in [
        ("database", "postgres://ann:hunter2@db.example.com/x", "put it under `password`"),
        ("database", "postgres://ann@db.example.com/x?host=/tmp", "options behind"),
        ("database", "postgres://db.example.com/x", "USER@HOST"),
        ("database", "postgres://ann@%2Ftmp/x", "USER@HOST"),
        ("database", "oracle://ann@db.example.com/x", "begins with none"),
        ("database", "sqlite:x.db", "sqlite:/PATH"),
        ("text", "{{ id", "the template `text`"),
    ] {
        let mut settings = good.clone();
        settings[name] = json!(value);
        let error = with(settings).open(parts()).err().unwrap();
        assert!(error.message.contains(said) && !error.message.contains("hunter2"), "{value}: {error}");
    }
    let nobody = Parts { readers: None, ..parts() };
    assert!(with(good.clone()).open(nobody.clone()).is_err(), "neither a rule nor a column says who may read");
    let mut by_column = good.clone();
    by_column["readers_column"] = json!("who");
    assert!(with(by_column).open(nobody).is_ok());

    let mut private = good;
    private["database"] = json!("postgres://ann@127.0.0.1:1/x");
    let guarded = Parts { http: Http::new(HttpConfig::default(), clock()).unwrap(), ..parts() };
    let error = Replica::default().sync(&*with(private).open(guarded).unwrap()).await.unwrap_err();
    assert!(error.message.contains("private address"), "{error}");
}
