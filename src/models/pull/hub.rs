//! Fetches GGUF generators, ONNX embedders and ONNX rerankers from the model hub (<https://huggingface.co/docs/hub>).

use std::{fs, path::PathBuf};

use hf_hub::{
    Repo, RepoType,
    api::{
        RepoInfo,
        sync::{ApiBuilder, ApiError, ApiRepo},
    },
};
use serde_json::Value;
use tempfile::TempDir;

use super::Staged;
use crate::{
    Error, Result, gguf,
    registry::{Model, Pooling, Purpose},
    verify::describe,
};

const NOTE: &str = "as its licence says; check it before use";

/// Fetches `place` (`OWNER/REPO[:FILE]`) into `staging` and works out what it is.
pub(super) fn fetch(place: &str, staging: &TempDir, tell: &mut dyn FnMut(&str)) -> Result<Staged> {
    let (repo_name, file) = match place.split_once(':') {
        Some((repo, file)) => (repo, Some(file)),
        None => (place, None),
    };
    if repo_name.split('/').filter(|part| !part.is_empty()).count() != 2 {
        return Err(Error::Unsupported(format!("`hf:{place}` is not of the form hf:OWNER/REPO[:FILE]")));
    }
    let explain = |error: ApiError| Error::Fetch(explain(repo_name, &error.to_string()));
    let api = ApiBuilder::new().with_progress(false).with_retries(2).with_cache_dir(staging.path().join("hub"));
    let api = api.build().map_err(explain)?;
    let info = api.model(repo_name.to_owned()).info().map_err(explain)?;
    let repo = api.repo(Repo::with_revision(repo_name.to_owned(), RepoType::Model, info.sha.clone()));
    let hub = Hub { name: repo_name, info, repo, folder: staging.path().join("model") };
    fs::create_dir_all(&hub.folder).map_err(Error::io("create", &hub.folder))?;
    let weights = hub.choose(file)?;
    tell(&format!("downloading {weights} of {repo_name}"));
    let model = if weights.ends_with(".gguf") { hub.generator(&weights)? } else { hub.encoder(&weights)? };
    Ok(Staged { model, folder: hub.folder })
}

struct Hub<'a> {
    name: &'a str,
    info: RepoInfo,
    repo: ApiRepo,
    folder: PathBuf,
}

impl Hub<'_> {
    /// The weights to fetch: the file asked for, or the only sensible one.
    fn choose(&self, wanted: Option<&str>) -> Result<String> {
        let names: Vec<&str> = self.info.siblings.iter().map(|file| file.rfilename.as_str()).collect();
        choose_weights(&names, wanted).map_err(|reason| Error::Unsupported(format!("{}: {reason}", self.name)))
    }

    fn has(&self, file: &str) -> bool {
        self.info.siblings.iter().any(|sibling| sibling.rfilename == file)
    }

    /// Downloads one file and copies it into the model's folder under its own name.
    fn get(&self, file: &str) -> Result<String> {
        let explain = |error: ApiError| Error::Fetch(explain(self.name, &error.to_string()));
        let cached = self.repo.download(file).map_err(explain)?;
        let name = file.rsplit('/').next().unwrap_or(file).to_owned();
        let target = self.folder.join(&name);
        fs::copy(&cached, &target).map_err(Error::io("store", &target))?;
        Ok(name)
    }

    fn generator(&self, weights: &str) -> Result<Model> {
        let weights = self.get(weights)?;
        let header = gguf::Header::read(&self.folder.join(&weights))?;
        let file = describe(&self.folder, &weights)?;
        let stated = header.text("general.license").map(str::to_owned).or_else(|| self.card_licence());
        Ok(Model {
            name: slug(weights.trim_end_matches(".gguf")),
            purpose: Purpose::Generator,
            architecture: header.architecture().to_owned(),
            weights,
            weights_sha256: file.sha256.clone(),
            tokenizer: "gguf".into(),
            context_tokens: header.context_tokens().unwrap_or(2048),
            dims: None,
            pooling: None,
            query_prefix: String::new(),
            passage_prefix: String::new(),
            licence: stated.unwrap_or_else(|| "unknown".into()),
            allowed_use: NOTE.into(),
            source: format!("hf:{}@{}", self.name, self.info.sha),
            files: vec![file],
        })
    }

    fn encoder(&self, weights: &str) -> Result<Model> {
        let mut names = vec![self.get(weights)?, self.get("config.json")?, self.get("tokenizer.json")?];
        for optional in ["tokenizer_config.json", "special_tokens_map.json"] {
            if self.has(optional) {
                names.push(self.get(optional)?);
            }
        }
        let config = self.json("config.json")?;
        let reranks = config["architectures"].to_string().contains("ForSequenceClassification");
        let pooling =
            if self.has("1_Pooling/config.json") { self.extra_json("1_Pooling/config.json")? } else { Value::Null };
        let prompts = if self.has("config_sentence_transformers.json") {
            self.extra_json("config_sentence_transformers.json")?["prompts"].clone()
        } else {
            Value::Null
        };
        let longest = config["max_position_embeddings"].as_u64().unwrap_or(512) as usize;
        let (query_prefix, passage_prefix) = prefixes(self.name, &prompts);
        let files = names.iter().map(|name| describe(&self.folder, name)).collect::<Result<Vec<_>>>()?;
        Ok(Model {
            name: slug(self.name.rsplit('/').next().unwrap_or(self.name)),
            purpose: if reranks { Purpose::Reranker } else { Purpose::Embedder },
            architecture: config["model_type"].as_str().unwrap_or("unknown").to_owned(),
            weights: names[0].clone(),
            weights_sha256: files[0].sha256.clone(),
            tokenizer: "tokenizer.json".into(),
            context_tokens: longest.min(512),
            dims: config["hidden_size"].as_u64().filter(|_| !reranks).map(|dims| dims as usize),
            pooling: (!reranks).then(|| match pooling["pooling_mode_cls_token"].as_bool() {
                Some(true) => Pooling::Cls,
                _ => Pooling::Mean,
            }),
            query_prefix,
            passage_prefix,
            licence: self.card_licence().unwrap_or_else(|| "unknown".into()),
            allowed_use: NOTE.into(),
            source: format!("hf:{}@{}", self.name, self.info.sha),
            files,
        })
    }

    fn json(&self, name: &str) -> Result<Value> {
        let path = self.folder.join(name);
        let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
        serde_json::from_slice(&bytes).map_err(|error| Error::Unsupported(format!("{}: {name}: {error}", self.name)))
    }

    /// Reads a file of the repository that is not kept.
    fn extra_json(&self, file: &str) -> Result<Value> {
        let explain = |error: ApiError| Error::Fetch(explain(self.name, &error.to_string()));
        let path = self.repo.download(file).map_err(explain)?;
        let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
        serde_json::from_slice(&bytes).map_err(|error| Error::Unsupported(format!("{}: {file}: {error}", self.name)))
    }

    /// The licence in the model card's front matter.
    fn card_licence(&self) -> Option<String> {
        let card = fs::read_to_string(self.repo.download("README.md").ok()?).ok()?;
        licence_of_card(&card)
    }
}

fn choose_weights(names: &[&str], wanted: Option<&str>) -> std::result::Result<String, String> {
    if let Some(wanted) = wanted {
        let found = names.iter().find(|name| **name == wanted);
        let found = found.ok_or_else(|| format!("it has no file {wanted}"))?;
        return if found.ends_with(".gguf") || found.ends_with(".onnx") {
            Ok((*found).to_owned())
        } else {
            Err(format!("{wanted} is neither GGUF nor ONNX"))
        };
    }
    let usable = |name: &str| match name {
        "model.onnx" | "onnx/model.onnx" => !names.contains(&format!("{name}_data").as_str()),
        _ => false,
    };
    if let Some(onnx) = names.iter().find(|name| usable(name)) {
        return Ok((*onnx).to_owned());
    }
    let ggufs: Vec<&str> = names.iter().copied().filter(|name| name.ends_with(".gguf")).collect();
    let is_usual = |name: &&&str| name.to_lowercase().contains("q4_k_m") && !name.contains("-of-");
    match ggufs.as_slice() {
        [] => Err("it has no GGUF file and no onnx/model.onnx".into()),
        [only] => Ok((*only).to_owned()),
        several => several
            .iter()
            .find(is_usual)
            .map(|name| (*name).to_owned())
            .ok_or_else(|| format!("say which file, as hf:OWNER/REPO:FILE: {}", several.join(", "))),
    }
}

/// Query and passage prefix: from the model's own prompts, or what the E5 family is trained with.
fn prefixes(repo: &str, prompts: &Value) -> (String, String) {
    let prompt = |names: &[&str]| names.iter().find_map(|name| prompts[*name].as_str()).unwrap_or_default().to_owned();
    let found = (prompt(&["query"]), prompt(&["document", "passage"]));
    let is_e5 = repo.to_lowercase().rsplit('/').next().unwrap_or_default().contains("e5-");
    if found.0.is_empty() && found.1.is_empty() && is_e5 {
        return ("query: ".into(), "passage: ".into());
    }
    found
}

fn licence_of_card(card: &str) -> Option<String> {
    let front = card.strip_prefix("---")?.split("\n---").next()?;
    let licence = front.lines().find_map(|line| line.strip_prefix("license:"))?.trim().trim_matches(['"', '\'']);
    (!licence.is_empty()).then(|| licence.to_owned())
}

fn slug(name: &str) -> String {
    name.to_lowercase().chars().map(|c| if c.is_alphanumeric() || ".-_".contains(c) { c } else { '-' }).collect()
}

fn explain(repo: &str, error: &str) -> String {
    if error.contains("404") {
        return format!("the model hub has no {repo}");
    }
    if error.contains("401") || error.contains("403") {
        return format!("the model hub refuses {repo}: it is private, gated or does not exist");
    }
    let cause = error.lines().next().unwrap_or_default();
    format!(
        "the model hub cannot be reached for {repo} ({cause}); built-in models need only pip: see `footnote models list`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_the_sensible_file() {
        let ggufs = ["README.md", "a-Q2_K.gguf", "a-Q4_K_M.gguf"];
        assert_eq!(choose_weights(&ggufs, None), Ok("a-Q4_K_M.gguf".into()));
        assert_eq!(choose_weights(&ggufs, Some("a-Q2_K.gguf")), Ok("a-Q2_K.gguf".into()));
        assert_eq!(choose_weights(&["onnx/model.onnx", "model.safetensors"], None), Ok("onnx/model.onnx".into()));
        assert!(choose_weights(&["onnx/model.onnx", "onnx/model.onnx_data"], None).is_err());
        assert!(choose_weights(&["a-q8.gguf", "a-q6.gguf"], None).is_err_and(|e| e.contains("a-q6.gguf")));
        assert!(choose_weights(&ggufs, Some("README.md")).is_err());
        assert!(choose_weights(&ggufs, Some("missing.gguf")).is_err());
    }

    #[test]
    fn reads_licence_and_prefixes() {
        assert_eq!(licence_of_card("---\nlanguage: en\nlicense: mit\n---\n# Card"), Some("mit".into()));
        assert_eq!(licence_of_card("# No front matter\nlicense: mit"), None);
        assert_eq!(prefixes("intfloat/e5-small-v2", &Value::Null).0, "query: ");
        let prompts = serde_json::json!({"query": "search_query: ", "document": "search_document: "});
        assert_eq!(prefixes("a/b", &prompts), ("search_query: ".into(), "search_document: ".into()));
        assert_eq!(slug("Qwen2.5-0.5B Instruct"), "qwen2.5-0.5b-instruct");
    }

    #[test]
    fn an_unreachable_hub_is_one_line() {
        let line = explain("a/b", "request error: io: failed to lookup address information");
        assert!(line.contains("cannot be reached") && !line.contains('\n'));
        assert!(explain("a/b", "request error: http status: 404").contains("has no a/b"));
    }
}
