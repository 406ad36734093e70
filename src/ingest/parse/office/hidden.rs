//! Finds the slides of a PPTX that its author has hidden.

use std::collections::HashMap;

use super::super::{
    package::Package,
    xml::{self, Event},
};

/// Numbers (from 1, in showing order) of the hidden slides. Damaged parts hide nothing.
pub(super) fn slides(package: &mut Package<'_>) -> Vec<u32> {
    let mut read = |name: &str| package.read(name).ok().flatten().unwrap_or_default();
    let mut targets = HashMap::new();
    let mut order = Vec::new();
    let links = read("ppt/_rels/presentation.xml.rels");
    let _ = xml::read(&links, |event| {
        if let Event::Open(element) = event
            && let (Some(id), Some(target)) = (element.attribute("Id"), element.attribute("Target"))
        {
            targets.insert(id, target);
        }
        Ok(())
    });
    let presentation = read("ppt/presentation.xml");
    let _ = xml::read(&presentation, |event| {
        if let Event::Open(element) = event
            && element.name() == "sldId"
        {
            // Of the two ids the one with a prefix names the part.
            order.extend(element.prefixed_attribute("id"));
        }
        Ok(())
    });
    let is_hidden = |id: &String| {
        let path = targets.get(id).map(|target| target.trim_start_matches("/ppt/").to_owned()).unwrap_or_default();
        let mut hidden = false;
        let _ = xml::read(&read(&format!("ppt/{path}")), |event| {
            if let Event::Open(element) = event
                && element.name() == "sld"
            {
                hidden = matches!(element.attribute("show").as_deref(), Some("0" | "false"));
            }
            Ok(())
        });
        hidden
    };
    let hidden: Vec<bool> = order.iter().map(is_hidden).collect();
    (1..).zip(hidden).filter_map(|(number, hidden)| hidden.then_some(number)).collect()
}
