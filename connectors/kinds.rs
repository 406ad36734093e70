//! Every kind of source there is.

use crate::{
    Kind, bookstack, confluence, discourse, feed, folder, gdrive, git, github, gitlab, hubspot, imap, jira, mediawiki,
    notion, objects, push, salesforce, servicenow, sharepoint, slack, sql, teams, web, zendesk,
};

/// Every kind of source, by name.
pub const KINDS: &[Kind] = &[
    Kind::of::<bookstack::BookStackConfig>(),
    Kind::of::<confluence::ConfluenceConfig>(),
    Kind::of::<discourse::DiscourseConfig>(),
    Kind::of::<feed::FeedConfig>(),
    Kind::of::<folder::FolderConfig>(),
    Kind::of::<gdrive::DriveConfig>(),
    Kind::of::<git::GitConfig>(),
    Kind::of::<github::GithubConfig>(),
    Kind::of::<gitlab::GitlabConfig>(),
    Kind::of::<hubspot::HubSpotConfig>(),
    Kind::of::<imap::ImapConfig>(),
    Kind::of::<jira::JiraConfig>(),
    Kind::of::<mediawiki::MediaWikiConfig>(),
    Kind::of::<notion::NotionConfig>(),
    Kind::of::<objects::AzblobConfig>(),
    Kind::of::<objects::FtpConfig>(),
    Kind::of::<objects::GcsConfig>(),
    Kind::of::<objects::S3Config>(),
    Kind::of::<objects::SftpConfig>(),
    Kind::of::<objects::WebdavConfig>(),
    Kind::of::<push::PushConfig>(),
    Kind::of::<salesforce::SalesforceConfig>(),
    Kind::of::<servicenow::ServiceNowConfig>(),
    Kind::of::<sharepoint::SharePointConfig>(),
    Kind::of::<slack::SlackConfig>(),
    Kind::of::<sql::SqlConfig>(),
    Kind::of::<teams::TeamsConfig>(),
    Kind::of::<web::WebConfig>(),
    Kind::of::<zendesk::ZendeskConfig>(),
];

/// The kind called `name`.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
