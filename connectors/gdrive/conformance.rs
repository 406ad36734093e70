//! The suite on Google Drive in miniature: items in the user's own drive and in a shared one.

use async_trait::async_trait;
use domain::Connector;
use serde_json::{Value, json};

use super::{
    DriveConfig,
    fake::{self, File, Google, Shared},
};
use crate::{
    SourceConfig,
    conformance::{Abilities, World, conforms, parts},
};

struct Drive {
    google: Shared,
    address: String,
    key: String,
}

pub(super) fn config(address: &str, key: &str, more: Value) -> DriveConfig {
    let mut settings = json!({"service_account": key, "user": "ann@example.com", "directory_admin": "admin@example.com",
        "domain": "example.com", "api_url": address});
    for (name, value) in more.as_object().unwrap() {
        settings[name] = value.clone();
    }
    serde_json::from_value(settings).unwrap()
}

/// An item's id, by the name it has now.
fn id(google: &Google, name: &str) -> Option<String> {
    google.files.iter().find(|(_, file)| file.name == format!("{name}.txt")).map(|(id, _)| id.clone())
}

#[async_trait]
impl World for Drive {
    fn abilities(&self) -> Abilities {
        Abilities {
            deletes: true,
            renames: true,
            readers: true,
            groups: true,
            hides: true,
            http: true,
            sizes: true,
            pages: true,
            ..Abilities::default()
        }
    }

    async fn put(&self, name: &str, text: &str) {
        let mut google = self.google.lock().unwrap();
        let id = id(&google, name).unwrap_or_else(|| format!("id-{name}"));
        let permissions =
            google.files.get(&id).map_or_else(|| vec![fake::user("ann@example.com")], |file| file.permissions.clone());
        let drive = name.contains('t').then(|| "shared".to_owned());
        let (name, text, kind) = (format!("{name}.txt"), text.to_owned(), "text/plain".to_owned());
        google.put(&id, File { name, text, kind, drive, permissions, ..File::default() });
    }

    async fn delete(&self, name: &str) {
        let mut google = self.google.lock().unwrap();
        let id = id(&google, name).unwrap();
        google.files.remove(&id);
        google.note("file", &id);
    }

    async fn rename(&self, from: &str, to: &str) {
        let mut google = self.google.lock().unwrap();
        let id = id(&google, from).unwrap();
        google.files.get_mut(&id).unwrap().name = format!("{to}.txt");
        google.note("file", &id);
    }

    async fn restrict(&self, name: &str, emails: &[&str]) {
        let mut google = self.google.lock().unwrap();
        let id = id(&google, name).unwrap();
        google.files.get_mut(&id).unwrap().permissions = emails.iter().map(|email| fake::user(email)).collect();
        google.note("file", &id);
    }

    async fn set_members(&self, name: &str, group: &str, emails: &[&str]) {
        let mut google = self.google.lock().unwrap();
        let id = id(&google, name).unwrap();
        let address = format!("{group}@example.com");
        let permission = json!({"id": "g", "type": "group", "emailAddress": address, "role": "reader"});
        if google.files[&id].permissions != [permission.clone()] {
            google.files.get_mut(&id).unwrap().permissions = vec![permission];
            google.note("file", &id);
        }
        // A change of members is no change of any file.
        let member = |email: &&str| json!({"email": email, "type": "USER", "status": "ACTIVE", "role": "MEMBER"});
        google.groups.insert(address, emails.iter().map(member).collect());
    }

    async fn hide_everything(&self, hidden: bool) {
        self.google.lock().unwrap().is_hidden = hidden;
    }

    async fn repeat_pages(&self, repeating: bool) {
        self.google.lock().unwrap().is_circling = repeating;
    }

    fn address(&self) -> String {
        self.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        let key = self.key.replace(&self.address, address);
        config(address, &key, json!({})).open(parts()).unwrap()
    }
}

#[tokio::test]
async fn google_drive_conforms() {
    let (address, google, key) = fake::start().await;
    conforms(&Drive { google, address, key }).await;
}
