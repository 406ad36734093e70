//! The parser pool against real child processes: this program is also its own parser.

use std::{
    error::Error,
    fs::File,
    io::Write,
    net::{TcpStream, UdpSocket},
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

use footnote_ingest::{Limits, ParseError, ParserPool, run_worker};

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    if std::env::args().nth(1).as_deref() == Some("parse-worker") {
        return Ok(run_worker()?);
    }
    if std::env::args().nth(1).as_deref() == Some("confined") {
        run_worker()?;
        return report_what_is_possible();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        parses_and_reuses_a_child().await?;
        a_slow_parser_is_ended().await?;
        a_dead_parser_is_named_and_replaced().await?;
        memory_is_limited().await?;
        a_confined_parser_reaches_nothing()?;
        a_missing_program_is_no_verdict_on_the_file().await?;
        many_files_at_once_keep_their_answers().await
    })?;
    println!("pool: all passed");
    Ok(())
}

fn pool(limits: Limits, workers: usize) -> Result<ParserPool, Box<dyn Error>> {
    Ok(ParserPool::new(std::env::current_exe()?, vec!["parse-worker".into()], limits, workers))
}

fn shell(script: &str, limits: Limits) -> ParserPool {
    ParserPool::new(PathBuf::from("/bin/sh"), vec!["-c".into(), script.into()], limits, 1)
}

async fn parses_and_reuses_a_child() -> Outcome {
    let pool = pool(Limits::default(), 1)?;
    let document = pool.parse("a.md", b"# Head\n\nText".to_vec()).await?;
    assert_eq!((document.title.as_deref(), document.headings.len()), (Some("Head"), 1));
    let refused = pool.parse("b.pdf", b"%PDF-1.7 broken".to_vec()).await;
    assert!(matches!(refused, Err(ParseError::Broken { .. })), "{refused:?}");
    let large = pool.parse("c.txt", vec![b'x'; 70 << 20]).await;
    assert!(matches!(large, Err(ParseError::TooLarge { .. })), "{large:?}");
    assert_eq!((pool.stats().started, pool.stats().lost), (1, 0));
    let inside = ParserPool::in_process(Limits::default()).parse("a.txt", b"text".to_vec()).await?;
    assert_eq!(inside.text, "text");
    Ok(())
}

async fn a_slow_parser_is_ended() -> Outcome {
    let pool = shell("sleep 30", Limits { max_seconds: 1, ..Limits::default() });
    let started = Instant::now();
    let error = pool.parse("slow.pdf", b"x".to_vec()).await.err().ok_or("no error")?;
    assert!(error.to_string().starts_with("parse slow.pdf: parser was not done after 3 s"), "{error}");
    assert!(error.is_retryable() && started.elapsed().as_secs() < 8);
    assert_eq!((pool.stats().started, pool.stats().lost), (1, 1));
    Ok(())
}

async fn a_dead_parser_is_named_and_replaced() -> Outcome {
    let pool = shell("kill -SEGV $$", Limits::default());
    let error = pool.parse("evil.pdf", b"x".to_vec()).await.err().ok_or("no error")?;
    assert!(error.to_string().starts_with("parse evil.pdf: parser crashed: signal: 11"), "{error}");
    let overflow = shell("echo thread main has overflowed its stack >&2; kill -ABRT $$", Limits::default());
    let error = overflow.parse("deep.html", b"x".to_vec()).await.err().ok_or("no error")?;
    assert_eq!(error.to_string(), "parse deep.html: parser crashed: it is nested too deeply");
    let again = pool.parse("next.pdf", b"x".to_vec()).await;
    assert!(matches!(again, Err(ParseError::Crashed { .. })) && pool.stats().started == 2);
    Ok(())
}

/// Tries, in a process that has served as a parser, what hostile code would try.
fn report_what_is_possible() -> Outcome {
    let tries: [(&str, std::io::Result<()>); 6] = [
        ("udp", UdpSocket::bind("127.0.0.1:0").map(drop)),
        ("tcp", TcpStream::connect("127.0.0.1:9").map(drop)),
        ("program", Command::new("/bin/true").status().map(drop)),
        ("write", File::create(std::env::temp_dir().join("footnote-confined")).map(drop)),
        ("read", File::open("/etc/passwd").map(drop)),
        ("remove", std::fs::remove_file("/nowhere/footnote-confined")),
    ];
    for (name, outcome) in tries {
        let kind = outcome.map_err(|error| error.kind());
        println!("{name} {kind:?}");
    }
    // Threads of its own stay possible.
    println!("thread {:?}", std::thread::Builder::new().spawn(|| 7).map(|thread| thread.join().ok()));
    Ok(())
}

fn a_confined_parser_reaches_nothing() -> Outcome {
    if !cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))) {
        return Ok(());
    }
    let limits = serde_json::to_vec(&Limits::default())?;
    let mut child =
        Command::new(std::env::current_exe()?).arg("confined").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(&(limits.len() as u64).to_le_bytes())?;
        input.write_all(&limits)?;
    }
    let output = String::from_utf8(child.wait_with_output()?.stdout)?;
    let denied = "Err(PermissionDenied)";
    let tries: Vec<String> =
        ["udp", "tcp", "program", "write", "read", "remove"].iter().map(|name| format!("{name} {denied}")).collect();
    assert_eq!(output.trim(), format!("{}\nthread Ok(Some(7))", tries.join("\n")));
    Ok(())
}

async fn memory_is_limited() -> Outcome {
    let pool = pool(Limits { max_memory_bytes: 24 << 20, ..Limits::default() }, 1)?;
    let error = pool.parse("big.txt", "word ".repeat(3 << 20).into_bytes()).await.err().ok_or("no error")?;
    assert_eq!(error.to_string(), "parse big.txt: parser needed more than 24 MB of memory");
    let small = pool.parse("small.txt", b"still works".to_vec()).await?;
    assert_eq!((small.text.as_str(), pool.stats().started), ("still works", 2));
    Ok(())
}

async fn a_missing_program_is_no_verdict_on_the_file() -> Outcome {
    let pool = ParserPool::new("/no/such/program".into(), Vec::new(), Limits::default(), 1);
    let error = pool.parse("a.md", b"x".to_vec()).await.err().ok_or("no error")?;
    assert!(error.is_retryable(), "{error}");
    Ok(())
}

async fn many_files_at_once_keep_their_answers() -> Outcome {
    let pool = pool(Limits::default(), 3)?;
    let names: Vec<String> = (0..40).map(|n| format!("{n}.txt")).collect();
    let parsed = futures::future::join_all(names.iter().map(|name| pool.parse(name, name.clone().into_bytes()))).await;
    for (name, document) in names.iter().zip(parsed) {
        assert_eq!(&document?.text, name);
    }
    assert!(pool.stats().started <= 3);
    Ok(())
}
