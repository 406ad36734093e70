//! Pulls, verifies and times models by hand: `try_models DIR pull NAME | verify | embed | generate`.

use std::{path::Path, sync::Arc, time::Instant};

use domain::Prompt;
use footnote_models::{CandleConfig, GeneratorConfig, ModelsConfig, open_embedder, open_generator};
use futures::StreamExt;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [dir, "pull", name] => {
            let model = footnote_models::pull(name, Path::new(dir), &mut |line| println!("{line}"))?;
            println!("{model:#?}");
        }
        [dir, "verify"] => {
            let started = Instant::now();
            for (name, result) in footnote_models::verify(Path::new(dir))? {
                println!("{name}: {}", result.map_or_else(|error| error.to_string(), |()| "ok".into()));
            }
            println!("{:?}", started.elapsed());
        }
        [dir, "embed"] => tokio::runtime::Runtime::new()?.block_on(time_embedder(Path::new(dir)))?,
        [dir, "generate"] => tokio::runtime::Runtime::new()?.block_on(time_generator(Path::new(dir)))?,
        _ => return Err("usage: try_models DIR pull NAME | verify | embed | generate".into()),
    }
    Ok(())
}

async fn time_embedder(dir: &Path) -> Outcome {
    let started = Instant::now();
    let embedder = open_embedder(&ModelsConfig::default(), dir)?;
    println!("open {:?}", started.elapsed());
    let words =
        ["leave", "policy", "employee", "request", "approved", "manager", "travel", "cost", "report", "quarter"];
    let text = |seed: usize, length: usize| -> String {
        let word = |i: usize| words[(seed * 31 + i * i + i * seed) % words.len()];
        std::iter::once(format!("{seed} ")).chain((1..length).map(|i| format!("{} ", word(i)))).collect()
    };
    let chunks: Vec<String> = (0..192).map(|i| text(i, 180 + i % 40)).collect();
    println!("tokens of a chunk {}", embedder.count_tokens(&chunks[0]));
    embedder.embed_passages(&chunks[..16]).await?;
    let started = Instant::now();
    embedder.embed_passages(&chunks).await?;
    println!("{:.1} chunks/s", chunks.len() as f64 / started.elapsed().as_secs_f64());
    for (label, count, length) in [("1 question", 1, 10), ("16 sentences", 16, 28), ("40 sentences", 40, 28)] {
        let mut times: Vec<f64> = Vec::new();
        for round in 0..9 {
            let texts: Vec<String> = (0..count).map(|i| text(round * 1000 + i * 7 + count, length)).collect();
            let started = Instant::now();
            embedder.embed_passages(&texts).await?;
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        println!("{label}: median {:.1} ms, best {:.1} ms", times[4], times[0]);
    }
    Ok(())
}

async fn time_generator(dir: &Path) -> Outcome {
    let config =
        ModelsConfig { generator: GeneratorConfig::Candle(CandleConfig::default()), ..ModelsConfig::default() };
    let started = Instant::now();
    let generator = open_generator(&config, dir)?.ok_or("this generator needs no model")?;
    println!("open {:?}", started.elapsed());
    let text = "Employees accrue 25 days of paid annual leave per calendar year. Unused leave up to 5 days can be carried over to \
        the next year and must be used before 31 March. Requests are submitted in the HR portal at least two weeks ahead. ";
    let question = "How many days of unused leave can I carry over?";
    for repeat in [1, 6] {
        let user = format!("Passages:\n[1] {}\n\nQuestion: {question}", text.repeat(repeat));
        let prompt = Prompt {
            system: "Answer in one or two sentences from the passages only, and cite them as [n].".into(),
            question: question.into(),
            passages: vec![],
            max_tokens: 96,
            seed: 1,
            user,
        };
        let tokens = generator.count_tokens(&prompt.user);
        let started = Instant::now();
        let mut stream = generator.generate(Arc::new(prompt)).await?;
        let mut first = None;
        let mut answer = String::new();
        while let Some(piece) = stream.next().await {
            first.get_or_insert_with(|| started.elapsed());
            answer.push_str(&piece?);
        }
        let written = generator.count_tokens(&answer);
        let first = first.unwrap_or_default().as_secs_f64();
        let rest = started.elapsed().as_secs_f64() - first;
        println!(
            "prompt {tokens}: {:.0} tok/s, answer {written}: {:.1} tok/s: {answer}",
            tokens as f64 / first,
            written as f64 / rest
        );
    }
    Ok(())
}
