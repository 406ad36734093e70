//! Everything there is: what the search finds, the rows of its data sources, and what it has overlooked.

use std::collections::BTreeMap;

use domain::{EngineError, EngineResult, Since};

use super::client::{Client, Page};

/// Pages by id, and what is closed to us with the reason: data sources, and pages that are held.
pub(super) type Everything = (BTreeMap<String, Page>, Vec<(String, String)>);

/// Begins the ids of failures of data sources, which no page's id does.
const SOURCE: &str = "data source ";

/// Notion does not promise that a search finds everything, so what is held but was not found is asked for by itself.
pub(super) async fn everything(client: &Client, since: &Since) -> EngineResult<Everything> {
    let found = client.search().await?.map_err(EngineError::give_up)?;
    if found.is_empty() {
        return Err(EngineError::retry(
            "list Notion: nothing is shared with the integration; connect it to pages in Notion",
        ));
    }
    let (mut pages, mut failed) = (BTreeMap::new(), Vec::new());
    for thing in found.into_iter().filter(|thing| !thing.is_gone()) {
        match thing.object.as_str() {
            "page" => drop(pages.insert(thing.id.clone(), thing)),
            "data_source" => match client.rows(&thing.id).await? {
                Ok(rows) => {
                    pages.extend(rows.into_iter().filter(|row| !row.is_gone()).map(|row| (row.id.clone(), row)))
                }
                Err(reason) => failed.push((format!("{SOURCE}{}", thing.id), reason)),
            },
            _ => {}
        }
    }
    let is_source = |id: &String| id.starts_with(SOURCE);
    let missing: Vec<&String> = since.ids().filter(|id| !pages.contains_key(*id) && !is_source(id)).collect();
    for id in missing {
        match client.page(id).await? {
            Ok(page) => pages.extend(page.map(|page| (page.id.clone(), page))),
            Err(reason) => failed.push((id.clone(), reason)),
        }
    }
    Ok((pages, failed))
}
