#!/usr/bin/env python3
"""Checks that `cargo test` compiles no dependency a second time after `cargo build`.

A dev-dependency that switches a feature on in a crate that the binary also uses makes cargo compile that crate, and
every engine above it, once per command: ten minutes on two cores. The unit graph shows it in a second.
"""
import json
import os
import subprocess
import sys


def units(*command):
    """Maps each external unit that `cargo COMMAND` would compile to what makes it distinct."""
    out = subprocess.run(
        ["cargo", *command, "--release", "--locked", "--unit-graph", "-Z", "unstable-options"],
        env={**os.environ, "RUSTC_BOOTSTRAP": "1"}, check=True, capture_output=True, text=True,
    ).stdout
    return {
        (u["pkg_id"].split("#")[-1], u["target"]["name"], u["mode"], tuple(sorted(u["features"])), u["profile"]["opt_level"])
        for u in json.loads(out)["units"] if u["pkg_id"].startswith("registry+")
    }


built = units("build")
# The connectors' fakes serve with axum, of which the Qdrant client needs less: a minute, once.
ALLOWED = {"axum"}
twice = [(new, old) for new in units("test", "--workspace") - built for old in built if old[:3] == new[:3] and old[4] == new[4] and new[1] not in ALLOWED]
for new, old in sorted(twice):
    print(f"{new[0]} is built twice: tests add {sorted(set(new[3]) - set(old[3]))}; find who with `cargo tree -e features -i {new[1]}`")
sys.exit(1 if twice else 0)
