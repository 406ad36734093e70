//! Settings of a Google Drive source.

use domain::{Connector, EngineError, EngineResult};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::{DriveConnector, client::Client};
use crate::{Parts, Secret, SourceConfig, jwt::Signer, oauth::OAuth};

const DRIVE_SCOPE: &str = "https://www.googleapis.com/auth/drive.readonly";
const DIRECTORY_SCOPE: &str = "https://www.googleapis.com/auth/admin.directory.group.member.readonly";

/// Settings of a Google Drive source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriveConfig {
    /// The service account's key: the whole JSON file. The account needs domain-wide delegation.
    pub service_account: Secret,
    /// The e-mail address of the user whose files are read, with those shared with them.
    pub user: String,
    /// Whether shared drives that the user is a member of are read as well.
    #[serde(default = "yes")]
    pub shared_drives: bool,
    /// The e-mail address of an administrator who may list the members of groups.
    /// Without one, files that only groups may read are reported and not read.
    #[serde(default)]
    pub directory_admin: Option<String>,
    /// The company's domain: what is shared with it is for everyone here.
    #[serde(default)]
    pub domain: Option<String>,
    /// Whether everyone finds what anyone with the link may open.
    #[serde(default)]
    pub links_count: bool,
    /// Largest file that is read, in bytes.
    #[serde(default = "default_max_file_bytes")]
    pub max_file_bytes: u64,
    /// Where the API is.
    #[serde(default = "default_api_url")]
    pub api_url: String,
}

/// What is needed of a key file.
#[derive(Deserialize)]
struct Key {
    client_email: String,
    private_key: Secret,
    token_uri: String,
}

fn yes() -> bool {
    true
}

fn default_max_file_bytes() -> u64 {
    64 << 20
}

fn default_api_url() -> String {
    "https://www.googleapis.com/".into()
}

impl SourceConfig for DriveConfig {
    const KIND: &'static str = "gdrive";
    const TITLE: &'static str = "Google Drive";
    const SEES_READERS: bool = true;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let wrong = |why: String| EngineError::give_up(format!("gdrive: {why}"));
        // The error names a place in the file, never what stands there.
        let key: Key = serde_json::from_str(self.service_account.expose())
            .map_err(|error| wrong(format!("`service_account` is no key file: line {}", error.line())))?;
        let parse = |name: &str, url: &str| Url::parse(url).map_err(|error| wrong(format!("{name}: {error}")));
        let token_url = parse("service_account: token_uri", &key.token_uri)?;
        let base = parse("api_url", &format!("{}/", self.api_url.trim_end_matches('/')))?;
        if !self.user.contains('@') {
            return Err(wrong("`user` is no e-mail address".into()));
        }
        let account = |subject: &str, scope: &str| {
            let signer = Signer::new(&key.client_email, Some(subject), &key.private_key)?;
            EngineResult::Ok(OAuth::signed(&parts, token_url.clone(), signer, Some(scope)))
        };
        let drive = account(&self.user, DRIVE_SCOPE)?;
        let admin = self.directory_admin.as_deref().filter(|admin| !admin.trim().is_empty());
        let directory = admin.map(|admin| account(admin, DIRECTORY_SCOPE)).transpose()?;
        Ok(Box::new(DriveConnector {
            client: Client { http: parts.http.clone(), base, drive, directory },
            domain: self.domain,
            counts_links: self.links_count,
            reads_shared_drives: self.shared_drives,
            most_bytes: self.max_file_bytes,
        }))
    }
}
