"""`make bench-ingest DATA=DIR`: the same files, chunk size and embedder through Footnote and through LlamaIndex.

Prints documents per processor second, peak memory of the whole process tree, and what a second pass over unchanged files costs.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import measure

# Formats that both turn into the text a person sees; the reader of the peer takes markup and binary files as they stand.
READ_ALIKE = {".md", ".txt", ".pdf", ".docx", ".pptx", ".xlsx", ".csv", ".epub"}
FOLDERS = ("corpora", "documents")
TOKENS, OVERLAP = 200, 40


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with `corpora` and `documents`, or any folder of files")
    parser.add_argument("--alike", action="store_true", help="only formats that both read as a person does")
    parser.add_argument("--share", type=float, default=1.0, help="only this share of the files, the same ones every time")
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with measure.workplace("ingest") as place:
        place = Path(place)
        folder = place / "files"
        count, size = gather(args.data, folder, args.alike, args.share)
        result = {"files": count, "bytes": size, "chunk_tokens": TOKENS, "overlap": OVERLAP}
        result |= ours(place, folder, count)
        if not args.without_peer:
            result["peer"] = peers(place, folder, count)
            result["speed_ratio"] = result["first"]["documents_per_cpu_second"] / result["peer"]["documents_per_cpu_second"]
            result["memory_ratio"] = result["first"]["peak_mb"] / result["peer"]["peak_mb"]
    measure.show(result, rows(result), args.json)


def gather(data, folder, alike, share):
    """Copies the files, flat or nested as they are; returns how many and how many bytes."""
    roots = [data / name for name in FOLDERS if (data / name).is_dir()] or [data]
    count = size = 0
    for root in roots:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            inside = path.relative_to(root)
            chance = int.from_bytes(hashlib.sha256(str(inside).encode()).digest()[:4], "big") / 2**32
            hidden = any(part.startswith(".") for part in inside.parts)
            if hidden or chance >= share or alike and path.suffix.lower() not in READ_ALIKE:
                continue
            target = folder / root.name / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            count, size = count + 1, size + path.stat().st_size
    if count == 0:
        sys.exit(f"no files in {data}")
    return count, size


def ours(place, folder, count):
    binary = measure.kept_binary(place)
    command = [binary, "--data-dir", str(place / "data"), "--json", "ingest", str(folder)]
    config = place / "data" / "footnote.toml"
    config.parent.mkdir()
    config.write_text(f"[ingest.chunk]\ntokens = {TOKENS}\noverlap = {OVERLAP}\n")
    passes = {}
    # The third pass alone meets only files that had settled when they were read: young ones are read twice.
    for name in ("first", "young", "second"):
        cost = measure.run(command, place / "log")
        if cost.code != 0:
            sys.exit(f"footnote ingest failed:\n{(place / 'log').read_text()[-2000:]}")
        told = json.loads(cost.out)
        passes[name] = figures(cost, count) | {
            "chunks": told["chunks_indexed"],
            "read": count - len(told["summary"]["failures"]),
            "refused": len(told["summary"]["failures"]),
            "unchanged": told["summary"]["unchanged"],
        }
    passes["second_pass_ratio"] = passes["first"]["seconds"] / passes["second"]["seconds"]
    del passes["young"]
    return passes


def peers(place, folder, count):
    model = Path(os.environ["FOOTNOTE_MODELS_DIR"]) / "all-minilm-l6-v2"
    script = Path(__file__).with_name("peer.py")
    command = [sys.executable, str(script), str(folder), str(model), str(place / "peer"), str(TOKENS), str(OVERLAP)]
    cost = measure.run(command, place / "peer.log", env=os.environ | {"HF_HUB_OFFLINE": "1"})
    if cost.code != 0:
        sys.exit(f"the peer failed:\n{(place / 'peer.log').read_text()[-2000:]}")
    told = json.loads(cost.out.strip().splitlines()[-1])
    # Files that it skips count as done.
    return figures(cost, count) | {"chunks": told["chunks"], "read": told["files"], "refused": count - told["files"]}


def figures(cost, count):
    return {
        "seconds": round(cost.seconds, 2),
        "cpu_seconds": round(cost.cpu_seconds, 2),
        "documents_per_cpu_second": round(count / cost.cpu_seconds, 3),
        "peak_mb": measure.megabytes(cost.peak_bytes),
        "peak_anon_mb": measure.megabytes(cost.peak_anon_bytes),
    }


def rows(result):
    head = ["", "documents", "read", "chunks", "CPU s", "documents / CPU s", "peak MB", "wall s"]
    names = {"first": "footnote", "second": "footnote, nothing changed", "peer": "LlamaIndex"}
    lines = [head]
    for key, name in names.items():
        if cost := result.get(key):
            lines.append([name, result["files"], cost["read"], cost["chunks"], cost["cpu_seconds"],
                          cost["documents_per_cpu_second"], cost["peak_mb"], cost["seconds"]])
    if "peer" in result:
        memory = f"{result['memory_ratio']:.2f}"
        lines.append(["footnote to LlamaIndex", "", "", "", "", f"{result['speed_ratio']:.2f}", memory, ""])
    lines.append(["first to second pass", "", "", "", "", "", "", f"{result['second_pass_ratio']:.0f}"])
    return lines


if __name__ == "__main__":
    main()
