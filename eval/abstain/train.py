"""Learns when to refuse: the weights in src/answer/abstain.rs from what `footnote eval answers --details` wrote. Needs numpy.

train.py folds SUITE WORKSPACE OUT   five copies of the workspace, each without the documents that answer a fifth of the
                                     train questions, and those questions as a suite (OUT/fold0.jsonl ..)
train.py fit GOLD UNANSWERED.. [--squad FILE]   prints weights, bias, and what thresholds do on the halves of GOLD
"""
import argparse
import json
import random
import shutil
from pathlib import Path

FEATURES = ["cosine", "gap", "agreement", "sentence_cosine", "pick", "kind", "passage_coverage", "sentence_coverage",
            "known", "specifics", "versions"]
FOLDS, RIDGE = 5, 0.3
UNANSWERED_WEIGHT, SQUAD_WEIGHT = 0.5, 0.15
# No train question names a version that exists nowhere, so this one cannot be learned there.
VERSIONS_WEIGHT = 2.5


def read(path):
    return [json.loads(line) for line in open(path, encoding="utf-8")]


def folds(suite, workspace, out):
    answers = lambda row: row.get("documents", []) + row.get("any_documents", [])
    train = [row for row in read(suite) if row["split"] == "train" and row["kind"] in ("answerable", "multi")]
    documents = sorted({path for row in train for path in answers(row)})
    random.Random(1).shuffle(documents)
    for fold in range(FOLDS):
        gone = set(documents[fold::FOLDS])
        copy = Path(out) / f"workspace{fold}"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(workspace, copy)
        for path in gone:
            (copy / path).unlink()
        rows = [row | {"kind": "unanswerable", "documents": [], "any_documents": []} for row in train if gone >= set(answers(row))]
        (Path(out) / f"fold{fold}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def matrix(np, rows):
    features = np.array([[row["evidence"][name] for name in FEATURES] + [1.0] for row in rows])
    return features, np.array([float(row["kind"] in ("answerable", "multi")) for row in rows])


def fit(np, parts):
    features, labels = (np.concatenate(columns) for columns in zip(*(matrix(np, rows) for rows, _ in parts)))
    weight = np.concatenate([np.full(len(rows), weight) for rows, weight in parts])
    # Both classes count the same, together as much as the golden train half.
    weight *= np.where(labels == 1, 0.5 / weight[labels == 1].sum(), 0.5 / weight[labels == 0].sum()) * len(parts[0][0])
    ridge = RIDGE * np.eye(features.shape[1])
    ridge[-1, -1] = 1e-6
    weights = np.zeros(features.shape[1])
    for _ in range(60):
        share = 1 / (1 + np.exp(-features @ weights))
        gradient = features.T @ ((share - labels) * weight) + ridge @ weights
        weights -= np.linalg.solve((features * (share * (1 - share) * weight)[:, None]).T @ features + ridge, gradient)
    index = FEATURES.index("versions")
    weights[-1] -= VERSIONS_WEIGHT - weights[index]
    weights[index] = VERSIONS_WEIGHT
    return weights


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("folds")
    one.add_argument("suite"), one.add_argument("workspace"), one.add_argument("out")
    two = commands.add_parser("fit")
    two.add_argument("gold"), two.add_argument("unanswered", nargs="*"), two.add_argument("--squad")
    args = parser.parse_args()
    if args.command == "folds":
        return folds(args.suite, args.workspace, args.out)
    import numpy as np
    gold = read(args.gold)
    train = [row for row in gold if row["split"] == "train"]
    parts = [(train, 1.0), ([row for path in args.unanswered for row in read(path)], UNANSWERED_WEIGHT)]
    parts += [(read(args.squad), SQUAD_WEIGHT)] if args.squad else []
    weights = fit(np, [part for part in parts if part[0]])
    print("weights", dict(zip(FEATURES, weights[:-1].round(2).tolist())), "bias", round(weights[-1], 2))
    for threshold in (0.30, 0.32, 0.34, 0.36, 0.38, 0.40):
        line = [f"{threshold:.2f}"]
        for split in ("train", "test"):
            for kinds in (("unanswerable",), ("restricted",), ("answerable", "multi")):
                rows = [row for row in gold if row["split"] == split and row["kind"] in kinds]
                share = 1 / (1 + np.exp(-matrix(np, rows)[0] @ weights))
                line.append(f"{split} {kinds[0]} refused {np.mean(share < threshold):.3f}")
        print("  ".join(line))


if __name__ == "__main__":
    main()
