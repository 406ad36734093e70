//! The suite on Microsoft Graph in miniature: items in a site's library and in a person's drive.

use async_trait::async_trait;
use domain::Connector;
use serde_json::{Value, json};

use super::{
    SharePointConfig,
    fake::{self, Drives, Item},
};
use crate::{
    SourceConfig,
    conformance::{Abilities, World, conforms, parts},
    graph::fake::{Shared, person, settings, start},
};

struct Site {
    tenant: Shared<Drives>,
    address: String,
}

pub(super) fn config(address: &str, more: Value) -> SharePointConfig {
    let mut all = json!({"sites": ["https://contoso.sharepoint.com/sites/team"], "users": ["ann@example.com"]});
    for (name, value) in more.as_object().unwrap() {
        all[name] = value.clone();
    }
    serde_json::from_value(settings(address, all)).unwrap()
}

/// Where an item is, by the name it has now.
fn find(drives: &Drives, name: &str) -> Option<(String, String)> {
    let items = drives.drives.iter().flat_map(|(drive, items)| items.iter().map(move |(id, item)| (drive, id, item)));
    let mut found = items.filter(|(.., item)| item.name == format!("{name}.txt"));
    found.next().map(|(drive, id, _)| (drive.clone(), id.clone()))
}

#[async_trait]
impl World for Site {
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
        let drives = &mut self.tenant.lock().unwrap().service;
        let otherwise = if name.contains('t') { "b!library" } else { "ann-drive" };
        let (drive, id) = find(drives, name).unwrap_or_else(|| (otherwise.into(), format!("01{name}")));
        let held = drives.drives.get(&drive).and_then(|items| items.get(&id));
        let permissions = held.map_or_else(|| vec![fake::user("ann@example.com")], |item| item.permissions.clone());
        let (name, text) = (format!("{name}.txt"), text.to_owned());
        drives.put(&drive, &id, Item { name, text, permissions, ..Item::default() });
    }

    async fn delete(&self, name: &str) {
        let drives = &mut self.tenant.lock().unwrap().service;
        let (drive, id) = find(drives, name).unwrap();
        drives.drives.get_mut(&drive).unwrap().remove(&id);
        drives.note(&drive, &id);
    }

    async fn rename(&self, from: &str, to: &str) {
        let drives = &mut self.tenant.lock().unwrap().service;
        let (drive, id) = find(drives, from).unwrap();
        drives.drives.get_mut(&drive).unwrap().get_mut(&id).unwrap().name = format!("{to}.txt");
        drives.note(&drive, &id);
    }

    async fn restrict(&self, name: &str, emails: &[&str]) {
        let drives = &mut self.tenant.lock().unwrap().service;
        let (drive, id) = find(drives, name).unwrap();
        let item = drives.drives.get_mut(&drive).unwrap().get_mut(&id).unwrap();
        item.permissions = emails.iter().map(|email| fake::user(email)).collect();
        drives.note(&drive, &id);
    }

    async fn set_members(&self, name: &str, group: &str, emails: &[&str]) {
        let tenant = &mut *self.tenant.lock().unwrap();
        // A change of members is no change of any item.
        tenant.groups.insert(group.into(), emails.iter().map(|email| person(email)).collect());
        let (drive, id) = find(&tenant.service, name).unwrap();
        let item = tenant.service.drives.get_mut(&drive).unwrap().get_mut(&id).unwrap();
        let permission =
            json!({"id": "p", "roles": ["read"], "grantedToV2": {"group": {"id": group, "displayName": group}}});
        if item.permissions != [permission.clone()] {
            item.permissions = vec![permission];
            tenant.service.note(&drive, &id);
        }
    }

    async fn hide_everything(&self, hidden: bool) {
        self.tenant.lock().unwrap().service.is_hidden = hidden;
    }

    async fn repeat_pages(&self, repeating: bool) {
        self.tenant.lock().unwrap().is_circling = repeating;
    }

    fn address(&self) -> String {
        self.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        config(address, json!({})).open(parts()).unwrap()
    }
}

#[tokio::test]
async fn sharepoint_conforms() {
    let (address, tenant) = start(Drives::default()).await;
    conforms(&Site { tenant, address }).await;
}
