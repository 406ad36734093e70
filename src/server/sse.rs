//! Server-sent events: writes answer events as the text of a stream (WHATWG HTML, section 9.2).

use actix_web::web::Bytes;
use domain::AnswerEvent;

/// Keeps proxies from closing a quiet stream.
pub(crate) const KEEP_ALIVE: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// Event number `seq`: its name, its number, its data as one line of JSON.
pub(crate) fn encode(seq: u64, event: &AnswerEvent) -> Result<Bytes, serde_json::Error> {
    let name = name(event);
    let tagged = serde_json::to_value(event)?;
    // JSON of serde_json holds no line break, so the data is one line.
    let data = serde_json::to_string(&tagged["data"])?;
    Ok(Bytes::from(format!("event: {name}\nid: {seq}\ndata: {data}\n\n")))
}

fn name(event: &AnswerEvent) -> &'static str {
    match event {
        AnswerEvent::Status { .. } => "status",
        AnswerEvent::Passages { .. } => "passages",
        AnswerEvent::Token { .. } => "token",
        AnswerEvent::Citation(_) => "citation",
        AnswerEvent::Verdict { .. } => "verdict",
        AnswerEvent::Done(_) => "done",
        AnswerEvent::Error { .. } => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_with_line_breaks_stays_one_event() -> Result<(), Box<dyn std::error::Error>> {
        let event = AnswerEvent::Token { text: "a\nb\r\n\nevent: done\u{2028}é".into() };
        let text = String::from_utf8(encode(7, &event)?.to_vec())?;
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["event: token", "id: 7"]);
        assert_eq!((lines.len(), lines[3]), (4, ""));
        let data: serde_json::Value = serde_json::from_str(lines[2].strip_prefix("data: ").ok_or("no data")?)?;
        assert_eq!(data, serde_json::json!({"text": "a\nb\r\n\nevent: done\u{2028}é"}));
        Ok(())
    }

    #[test]
    fn names_are_the_ones_the_contract_has() -> Result<(), serde_json::Error> {
        let error = AnswerEvent::Error { code: "internal".into(), detail: String::new() };
        for event in [AnswerEvent::Status { stage: domain::Stage::Judging }, error] {
            assert_eq!(serde_json::to_value(&event)?["event"], name(&event));
        }
        Ok(())
    }
}
