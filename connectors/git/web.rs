//! Where people open a file of a repository.

use domain::{EngineError, EngineResult};
use url::Url;

/// A web address with `{branch}` and `{path}` in it.
pub(crate) struct Web {
    template: String,
    branch: String,
}

impl Web {
    /// The given template, or the one that hosts of this name use.
    ///
    /// # Errors
    /// For a template that is no web address or lacks `{path}`.
    pub(crate) fn new(template: Option<&str>, remote: &Url, branch: Option<&str>) -> EngineResult<Self> {
        let template = match template {
            Some(template) if !template.contains("{path}") || !template.starts_with("http") => {
                return Err(EngineError::give_up(format!(
                    "git: `web_url` is `{template}`, but must be a web address with {{path}} in it, like https://example.com/r/blob/{{branch}}/{{path}}"
                )));
            }
            Some(template) => template.to_owned(),
            None => guess(remote),
        };
        Ok(Self { template, branch: encoded(branch.unwrap_or("HEAD")) })
    }

    pub(crate) fn of(&self, path: &str) -> String {
        self.template.replace("{branch}", &self.branch).replace("{path}", &encoded(path))
    }
}

fn guess(remote: &Url) -> String {
    let host = remote.host_str().unwrap_or_default();
    let path = remote.path().trim_matches('/').trim_end_matches(".git");
    let between = match host {
        "bitbucket.org" => "src/{branch}",
        "codeberg.org" => "src/branch/{branch}",
        _ if host.contains("github") => "blob/{branch}",
        _ if host.contains("gitlab") => "-/blob/{branch}",
        _ => return format!("{remote}#{{path}}"),
    };
    format!("https://{host}/{path}/{between}/{{path}}")
}

/// A path as URLs write it.
pub(crate) fn encoded(path: &str) -> String {
    let mut url = Url::parse("https://host/").ok();
    if let Some(Ok(mut segments)) = url.as_mut().map(Url::path_segments_mut) {
        segments.clear().extend(path.split('/'));
    }
    url.map(|url| url.path().trim_start_matches('/').to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hosts_have_known_addresses() {
        for (remote, branch, expected) in [
            ("https://github.com/o/r.git", None, "https://github.com/o/r/blob/HEAD/a%20b/c%23.md"),
            ("ssh://git@gitlab.corp:2222/g/s/r.git", Some("x"), "https://gitlab.corp/g/s/r/-/blob/x/a%20b/c%23.md"),
            ("https://bitbucket.org/o/r", Some("f/x"), "https://bitbucket.org/o/r/src/f/x/a%20b/c%23.md"),
            ("https://git.corp/r.git", None, "https://git.corp/r.git#a%20b/c%23.md"),
        ] {
            assert_eq!(Web::new(None, &remote.parse().unwrap(), branch).unwrap().of("a b/c#.md"), expected);
        }
        let remote = "https://git.corp/r.git".parse().unwrap();
        assert_eq!(
            Web::new(Some("https://w/{branch}?p={path}"), &remote, Some("b")).unwrap().of("a.md"),
            "https://w/b?p=a.md"
        );
        assert!(Web::new(Some("https://w/"), &remote, None).is_err());
        assert!(Web::new(Some("javascript:{path}"), &remote, None).is_err());
    }
}
