//! `user`: who can be added.

use anyhow::Result;

use crate::house::House;

#[test]
fn an_address_that_could_not_log_in_is_wrong_usage() -> Result<()> {
    let house = House::new()?;
    let long = format!("{}@example.com", "x".repeat(243));
    for email in ["ana", "@example.com", "ana@", long.as_str()] {
        let (status, line) = house.failure(&["user", "add", email])?;
        assert!(status == 2 && line.contains("is not an e-mail address"), "{email}: {line}");
    }
    house.text(&["user", "add", &long[1..]])?;
    assert_eq!(house.json(&["user", "list"])?["users"][0]["email"], long[1..]);
    Ok(())
}
