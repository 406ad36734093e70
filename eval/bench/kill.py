"""`make kill-test`: seeded changes at three systems, syncs killed with SIGKILL at random moments, then a look for faults.

Nothing may be lost, nothing doubled, nothing deleted may be found in SQL or in either index, nobody may find what they may
not read. With the same seed the changes are the same; when a kill falls is up to the machine.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

import measure
from house import Api, House
from kill_sources import KINDS

GROUPS = ("red", "blue")
READERS = (["everyone"], ["everyone"], ["group:red"], ["group:blue"])
ITEMS = 20
# Runs between two looks at everything, at most.
LONGEST_SERIES = 8
WORDS = "rule badge visit travel budget invoice garden kitchen report meeting holiday laptop contract supplier harbour train".split()


class Faults(Exception):
    pass


class World:
    """What the systems hold, and what they held since the last look."""

    def __init__(self, place, house, numbers):
        self.house, self.numbers = house, numbers
        self.sources = [kind(place) for kind in KINDS]
        # (source, item) to (mark, text, readers).
        self.items, self.gone, self.marks = {}, {}, 0
        self.ids = {}

    def add_sources(self):
        for number in range(len(self.sources)):
            for item in range(ITEMS):
                self.put(number, f"item{item:02}")
        for number, source in enumerate(self.sources):
            added = self.house.json("source", "add", source.kind, "--name", source.kind, *source.settings())
            self.ids[number] = added["id"]

    def put(self, number, name):
        if self.items and self.numbers.random() < 0.1:
            mark, text, _ = self.items[self.numbers.choice(sorted(self.items))]
        else:
            mark, text = self.words()
        readers = self.numbers.choice(READERS) if self.sources[number].sees_readers else ["everyone"]
        self.forget(number, name)
        self.sources[number].put(name, text, readers)
        self.items[number, name] = (mark, text, readers)
        self.gone.pop(mark, None)

    def words(self):
        """A text that nothing else has; its mark stands in each of its sentences."""
        self.marks += 1
        mark = "zq" + "".join(chr(97 + int(digit)) for digit in str(100_000 + self.marks)) + "x"
        count = self.numbers.choice((3, 3, 3, 40))
        sentences = [" ".join(self.numbers.choices(WORDS, k=8)).capitalize() + f" is {mark}." for _ in range(count)]
        return mark, f"# {mark}\n\n" + "\n\n".join(sentences) + "\n"

    def forget(self, number, name):
        if held := self.items.pop((number, name), None):
            if all(other[0] != held[0] for other in self.items.values()):
                self.gone[held[0]] = held[1]

    def change(self):
        for _ in range(self.numbers.randint(1, 8)):
            number = self.numbers.randrange(len(self.sources))
            name = f"item{self.numbers.randrange(ITEMS + 5):02}"
            what = self.numbers.random()
            known, source = (number, name) in self.items, self.sources[number]
            if known and what < 0.25 and sum(held == number for held, _ in self.items) > 3:
                source.delete(name)
                self.forget(number, name)
            elif known and what < 0.5 and source.sees_readers:
                mark, text, _ = self.items[number, name]
                readers = self.numbers.choice(READERS)
                source.restrict(name, readers)
                self.items[number, name] = (mark, text, readers)
            else:
                self.put(number, name)

    def close(self):
        for source in self.sources:
            source.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the workspace for inspection when a fault is found")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    # Secrets come from the environment; the S3 server is on this machine.
    os.environ["KILL_TEST_SECRET"] = "secret"
    held = measure.workplace("kill")
    place, numbers = Path(held.name), random.Random(args.seed)
    house = House(measure.kept_binary(place), place)
    house.configure('[connectors.http]\nallow_private = ["127.0.0.1"]\n')
    passwords = {"all@example.org": house.add_user("all@example.org", *GROUPS), "none@example.org": house.add_user("none@example.org")}
    world = World(place, house, numbers)
    tally = {"seed": args.seed, "runs": 0, "met_a_running_sync": 0, "looks": 0, "items_checked": 0, "gone_checked": 0}
    try:
        world.add_sources()
        look(world, passwords, tally)
        until_look = numbers.randint(1, LONGEST_SERIES)
        span = 1.0
        for _ in range(args.runs):
            world.change()
            span = kill_one(world, span, tally)
            until_look -= 1
            if until_look == 0:
                look(world, passwords, tally)
                until_look = numbers.randint(1, LONGEST_SERIES)
        look(world, passwords, tally)
    except Faults as faults:
        print(f"run {tally['runs']} of seed {args.seed}: {faults}", file=sys.stderr)
        if args.keep:
            held._finalizer.detach()
            print(f"the workspace is {place}", file=sys.stderr)
        sys.exit(1)
    finally:
        world.close()
    rows = [["", "count"]] + [[key.replace("_", " "), value] for key, value in tally.items()]
    measure.show(tally | {"faults": 0}, rows + [["faults", 0]], args.json)


def kill_one(world, span, tally):
    """Starts a sync and kills it; returns how long the next one may run."""
    house, numbers = world.house, world.numbers
    number = numbers.randrange(len(world.sources))
    way, moment = numbers.choice(("any", "database", "index")), numbers.random()
    before = written(house, way)
    process = house.spawn("source", "sync", world.ids[number], "--json", stdout=open(os.devnull, "w"))
    started = time.monotonic()
    if way == "any":
        time.sleep(moment * span)
    else:
        # Just after the database or the keyword index was written to.
        while process.poll() is None and written(house, way) == before and time.monotonic() - started < 30:
            time.sleep(0.001)
        time.sleep(moment * 0.05)
    process.send_signal(signal.SIGKILL)
    waited = time.monotonic() - started
    killed = process.wait() == -signal.SIGKILL
    tally["runs"] += 1
    tally["met_a_running_sync"] += killed
    if way != "any":
        return span
    return min(span * 1.1, 30) if killed else max(waited * 0.9, 0.3)


def written(house, way):
    """Changes when the database, or the keyword index, is written to."""
    if way == "database":
        paths = [house.data / "footnote.db-wal"]
    else:
        paths = [Path(root, name) for root, _, names in os.walk(house.data / "index") for name in names if name.endswith(".store")]
    found = []
    for path in sorted(paths):
        try:
            found.append((path.name, path.stat().st_size, path.stat().st_mtime_ns))
        except FileNotFoundError:
            pass
    return found


def look(world, passwords, tally):
    """Lets every sync come to its end, then compares SQL, both indexes and the API with what the systems hold."""
    house = world.house
    for number in world.ids:
        finish(house, world.ids[number])
    for number in world.ids:
        done = house.json("source", "sync", world.ids[number])["summary"]
        if changed := {key: done[key] for key in ("added", "changed", "deleted", "access_changed") if done[key]}:
            raise Faults(f"a second sync of {world.sources[number].kind} still found work: {changed}")
        if done["failures"]:
            raise Faults(f"failures in {world.sources[number].kind}: {done['failures'][:3]}")
    doctor = house.run("doctor", "--json")
    if doctor.returncode != 0:
        raise Faults(f"doctor: {doctor.stdout}\n{doctor.stderr}")
    database(world)
    with house.serving() as address:
        found(world, {email: Api(address, email, password) for email, password in passwords.items()})
    tally["looks"] += 1
    tally["items_checked"] += len(world.items)
    tally["gone_checked"] += len(world.gone)
    world.gone.clear()


def finish(house, source):
    """A sync cut off between two batches goes on from its cursor: at most one more is needed."""
    for _ in range(2):
        done = house.run("source", "sync", source, "--json")
        if done.returncode != 0:
            raise Faults(f"sync {source}: {done.stderr.strip()}")


def database(world):
    """SQL holds exactly the systems' items, in their newest version, each for its readers."""
    db = sqlite3.connect(f"file:{world.house.data / 'footnote.db'}?mode=ro", uri=True)
    rows = db.execute(
        "select d.source_id, d.external_id, v.text, group_concat(p.principal, ' ') from documents d "
        "join versions v on v.document_id = d.id and v.hash = d.version "
        "join access_class_principals p on p.class_id = d.access_class_id where d.deleted_at is null group by d.id"
    ).fetchall()
    db.close()
    live = {}
    for source, external_id, text, readers in rows:
        if (source, external_id) in live:
            raise Faults(f"{external_id} of {source} is there twice")
        live[source, external_id] = (text, sorted(readers.split()))
    expected = {
        (world.ids[number], world.sources[number].external_id(name)): (mark, sorted(readers))
        for (number, name), (mark, _, readers) in world.items.items()
    }
    if lost := expected.keys() - live.keys():
        raise Faults(f"lost: {sorted(lost)}")
    if extra := live.keys() - expected.keys():
        raise Faults(f"deleted but live: {sorted(extra)}")
    for key, (mark, readers) in expected.items():
        text, stored = live[key]
        if mark not in text:
            raise Faults(f"{key} holds an old version")
        if readers != stored:
            raise Faults(f"{key} is readable by {stored}, not {readers}")


def found(world, sessions):
    """Each leg finds what is there for whom it is, and nothing that is gone.

    Exact copies for the same readers are found once; those that came to have the same readers later, at most as often as they exist.
    """
    everyone_sees, some_see = sessions["none@example.org"], sessions["all@example.org"]
    texts = {}
    for mark, text, readers in world.items.values():
        texts.setdefault(mark, (text, []))[1].append(tuple(readers))
    for mark, (text, readers) in texts.items():
        open_to_all = [each for each in readers if each == ("everyone",)]
        for session, name, copies in ((some_see, "all", readers), (everyone_sees, "none", open_to_all)):
            for leg, query in (("keyword", mark), ("vector", text[:1500])):
                hits = {hit["document_id"] for hit in session.search(query, leg, 100 if leg == "keyword" else 20) if mark in hit["text"]}
                if not len(set(copies)) <= len(hits) <= len(copies):
                    raise Faults(f"{leg} search by {name} finds {mark} in {len(hits)} documents, which {len(copies)} items hold")
    for mark, text in world.gone.items():
        for leg, query in (("keyword", mark), ("vector", text[:1500])):
            if any(mark in hit["text"] for hit in some_see.search(query, leg, 20)):
                raise Faults(f"{leg} search finds {mark}, which is gone")


if __name__ == "__main__":
    main()
