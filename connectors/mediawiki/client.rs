//! The action API: parameters in, JSON out, errors within successful answers made real ones.

use std::collections::BTreeMap;

use domain::{EngineError, EngineResult};
use reqwest::header::{COOKIE, SET_COOKIE};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::MediaWiki;
use crate::{
    Secret,
    http::{Request, Response},
};

/// A session with a wiki.
pub(super) struct Api<'a> {
    wiki: &'a MediaWiki,
    cookies: BTreeMap<String, String>,
}

/// What went wrong, by its code.
#[derive(Debug, Deserialize)]
pub(super) struct Fault {
    pub(super) code: String,
    #[serde(default, alias = "text")]
    pub(super) info: String,
}

#[derive(Deserialize)]
struct Answer {
    error: Option<Fault>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct Tokens {
    query: TokensQuery,
}

#[derive(Deserialize)]
struct TokensQuery {
    tokens: Token,
}

#[derive(Deserialize)]
struct Token {
    logintoken: String,
}

#[derive(Deserialize)]
struct Login {
    login: LoginResult,
}

#[derive(Deserialize)]
struct LoginResult {
    result: String,
}

impl<'a> Api<'a> {
    /// Logs in, where the settings have a bot password.
    pub(super) async fn open(wiki: &'a MediaWiki) -> EngineResult<Self> {
        let mut api = Self { wiki, cookies: BTreeMap::new() };
        if let (Some(user), Some(password)) = (&wiki.config.user, &wiki.config.password) {
            api.log_in(user, password).await?;
        }
        Ok(api)
    }

    async fn log_in(&mut self, user: &str, password: &Secret) -> EngineResult<()> {
        let ask = self.get(&[("action", "query"), ("meta", "tokens"), ("type", "login")], &Map::new());
        let (set, tokens) =
            self.wiki.http.attempt(&ask, |response| Ok((cookies(&response), read::<Tokens>(response)?))).await?;
        self.cookies.extend(set);
        let token = tokens.map_err(|fault| fault.error("log in"))?.query.tokens.logintoken;
        let fields = [
            ("action", "login"),
            ("format", "json"),
            ("formatversion", "2"),
            ("lgname", user),
            ("lgpassword", password.expose()),
            ("lgtoken", &token),
        ];
        let request = self.with_cookies(Request::post_form(self.wiki.url.clone(), &fields));
        let (set, login) =
            self.wiki.http.attempt(&request, |response| Ok((cookies(&response), read::<Login>(response)?))).await?;
        let result = login.map_err(|fault| fault.error("log in"))?.login.result;
        if result != "Success" {
            let remedy = "check user and password, which Special:BotPasswords of the wiki gives out";
            return Err(EngineError::give_up(format!("log in to {} as {user}: {result}; {remedy}", self.wiki.url)));
        }
        self.cookies.extend(set);
        Ok(())
    }

    /// The answer to `parameters`; a [`Fault`] is for the caller to judge, unless it may pass or needs a person.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        parameters: &[(&str, &str)],
        more: &Map<String, Value>,
    ) -> EngineResult<Result<T, Fault>> {
        let request = self.get(parameters, more);
        self.wiki.http.attempt(&request, read).await
    }

    fn get(&self, parameters: &[(&str, &str)], more: &Map<String, Value>) -> Request {
        let mut url = self.wiki.url.clone();
        {
            let mut query = url.query_pairs_mut();
            query.extend_pairs(parameters).extend_pairs([("format", "json"), ("formatversion", "2"), ("maxlag", "5")]);
            for (name, value) in more {
                query.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            }
            // Rather an error than what a stranger may see.
            if self.wiki.config.token.is_some() || !self.cookies.is_empty() {
                query.append_pair("assert", "user");
            }
        }
        let request = self.with_cookies(Request::get(url));
        match &self.wiki.config.token {
            Some(token) => request.bearer(token),
            None => request,
        }
    }

    fn with_cookies(&self, request: Request) -> Request {
        if self.cookies.is_empty() {
            return request;
        }
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.secret(COOKIE, &cookies.join("; "))
    }
}

impl Fault {
    pub(super) fn error(&self, doing: &str) -> EngineError {
        EngineError::give_up(format!("{doing}: the wiki says {}: {}", self.code, self.info))
    }
}

fn cookies(response: &Response) -> Vec<(String, String)> {
    let set = response.headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = set.filter_map(|cookie| cookie.split(';').next()?.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

fn read<T: DeserializeOwned>(response: Response) -> EngineResult<Result<T, Fault>> {
    let url = response.url.clone();
    let Answer { error, rest } = response.ok()?.json()?;
    let place = url.path();
    let Some(fault) = error else {
        let answer = serde_json::from_value(Value::Object(rest));
        return answer
            .map(Ok)
            .map_err(|error| EngineError::retry(format!("read {place}: not the answer expected: {error}")));
    };
    match fault.code.as_str() {
        "maxlag" | "ratelimited" | "readonly" | "internal_api_error_DBQueryError" => {
            Err(EngineError::retry(format!("read {place}: the wiki is busy: {}", fault.info)))
        }
        // The session ended; the next sync logs in again.
        "assertuserfailed" => Err(EngineError::retry(format!("read {place}: the wiki has forgotten the login"))),
        "readapidenied" | "permissiondenied" | "mwoauth-invalid-authorization" => Err(EngineError::give_up(format!(
            "read {place}: the wiki does not let this account read ({}); give it a bot password or token that may",
            fault.code
        ))),
        _ => Ok(Err(fault)),
    }
}
