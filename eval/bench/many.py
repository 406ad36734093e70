"""`make bench-many DATA=DIR`: many small documents, made of real sentences, through `footnote ingest`.

Reports what the process holds while documents are stored and while they are indexed: its own memory (anonymous) and what it maps from files,
which the system takes back when it needs it.
"""

import argparse
import json
import random
import re
import sqlite3
import sys
from pathlib import Path

import measure

MARKS = (0.1, 0.25, 0.5, 0.75, 1.0)
PER_FOLDER = 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with Markdown files to take sentences from, at any depth")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with measure.workplace("many") as place:
        place = Path(place)
        write(place / "files", sentences(args.data), args.documents, args.seed)
        cost, told, moments = ingest(place)
        disk = {name: size(place / "data" / name) for name in ("footnote.db", "index")}
    result = {
        "documents": args.documents, "seed": args.seed, "chunks": told["chunks_indexed"],
        "seconds": round(cost.seconds, 1), "cpu_seconds": round(cost.cpu_seconds, 1),
        "documents_per_second": round(args.documents / cost.seconds, 1),
        "documents_per_cpu_second": round(args.documents / cost.cpu_seconds, 1),
        "peak_anon_mb": measure.megabytes(cost.peak_anon_bytes), "database_mb": disk["footnote.db"], "index_mb": disk["index"],
        "moments": moments,
    }
    rows = [["", "documents", "own MB", "mapped MB", "seconds"]]
    rows += [[m["phase"], m["documents"], m["anon_mb"], m["mapped_mb"], m["seconds"]] for m in moments]
    rows.append(["most", "", result["peak_anon_mb"], "", result["seconds"]])
    measure.show(result, rows, args.json)
    if not args.json:
        print(f"{result['documents_per_second']} documents / s, {result['documents_per_cpu_second']} / processor second; "
              f"database {disk['footnote.db']} MB, indexes {disk['index']} MB")


def sentences(data):
    texts = (path.read_text(errors="ignore") for path in sorted(data.rglob("*.md")))
    found = {
        " ".join(sentence.split())
        for text in texts
        for sentence in re.findall(r"[A-Z][A-Za-z0-9 ,;:'’()/-]{30,200}[.!?]", text)
    }
    if len(found) < 100:
        sys.exit(f"{data} holds only {len(found)} sentences in Markdown")
    return sorted(found)


def write(folder, known, count, seed):
    """Documents of one to four sentences, all different."""
    numbers = random.Random(seed)
    for number in range(count):
        below = folder / f"{number // PER_FOLDER:03}"
        below.mkdir(parents=True, exist_ok=True)
        text = " ".join(numbers.sample(known, numbers.randint(1, 4)))
        title = " ".join(numbers.choice(known).split()[:5]).rstrip(".,;:")
        (below / f"{number:06}.md").write_text(f"# {title} {number}\n\n{text}\n")


def ingest(place):
    data = place / "data"
    command = [measure.kept_binary(place), "--data-dir", str(data), "--json", "ingest", str(place / "files")]
    seen = []

    def watch(sample):
        if counts := stored(data / "footnote.db"):
            seen.append((sample, *counts))

    cost = measure.run(command, place / "log", every=1.0, watch=watch)
    if cost.code != 0:
        sys.exit(f"footnote ingest failed:\n{(place / 'log').read_text()[-2000:]}")
    told = json.loads(cost.out)
    moments = []
    total = told["summary"]["added"]
    for phase in ("stored", "indexed"):
        for mark in MARKS:
            reached = lambda documents, jobs: documents if phase == "stored" else documents - jobs
            first = next((one for one in seen if reached(*one[1:]) >= mark * total), None)
            if first is not None:
                sample, documents, jobs = first
                moments.append({
                    "phase": phase, "documents": reached(documents, jobs), "anon_mb": measure.megabytes(sample.anon),
                    "mapped_mb": measure.megabytes(sample.mapped), "seconds": round(sample.seconds, 1),
                })
    sample = cost.samples[-1]
    moments.append({"phase": "end", "documents": total, "anon_mb": measure.megabytes(sample.anon),
                    "mapped_mb": measure.megabytes(sample.mapped), "seconds": round(sample.seconds, 1)})
    return cost, told, moments


def stored(path):
    """How many documents are stored, and how many of them wait for the indexes."""
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0.5)
        counts = [db.execute(f"select count(*) from {name}").fetchone()[0] for name in ("documents", "index_jobs")]
        db.close()
        return counts
    except sqlite3.Error:
        return None


def size(path):
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return measure.megabytes(sum(file.stat().st_blocks * 512 for file in files))


if __name__ == "__main__":
    main()
