//! Has the portal embedded anew whenever it was built anew.

use std::{fs, path::Path};

fn main() {
    let portal = Path::new("../../web/dist");
    // Cargo runs this every time when what it watches does not exist. Where it cannot be made, that is all.
    let _ = fs::create_dir_all(portal);
    println!("cargo:rerun-if-changed={}", portal.display());
}
