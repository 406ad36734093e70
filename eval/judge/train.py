"""Learns the weights of the local judge and of the sentence picker. See README.md beside this file."""

import ast
import csv
import hashlib
import json
import random
import re
import sys
from pathlib import Path

import numpy as np

# A feature with a sign may only speak for (+1) or against (-1) support; 0 leaves it free.
JUDGE_SIGNS = {
    "cosine": 1, "coverage_sentence": 1, "coverage_pair": 1, "coverage_passages": 1, "word_pairs": 1,
    "numbers_missing": -1, "numbers_missing_near": -1, "names_missing": -1, "negation_differs": -1,
    "opposite": -1, "terms_missing": -1, "rarest_missing": -1, "length": 0,
}
PRECISION = 0.70
LEARNED_FROM = ["wice", "summedits", "climate-fever", "halueval-qa", "unrelated"]


def in_train_half(identifier):
    return hashlib.sha256(identifier.encode()).digest()[0] % 2 == 0


def records(path):
    text = Path(path).read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def split_sentences(text):
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+(?=[A-Z\"'])", text) if part.strip()]


def unrelated(rows, most=260):
    """Supported claims with the passages of another claim beside their own, and in their place."""
    chance = random.Random(2)
    for name in ("wice", "summedits", "halueval-qa"):
        of_set = [row for row in rows if row["set"] == name]
        supported = [row for row in of_set if row["label"] == 1]
        for row in chance.sample(supported, min(most, len(supported))):
            other = chance.choice([other for other in chance.sample(of_set, 40) if other["id"] != row["id"]])
            base = {"set": "unrelated", "id": row["id"], "claim": row["claim"]}
            yield {**base, "label": 0, "passages": other["passages"]}
            yield {**base, "label": 1, "passages": row["passages"] + other["passages"]}


def all_claims(folder):
    rows = list(claims(folder))
    return rows + list(unrelated(rows))


def claims(folder):
    """Yields {set, id, label (1, 0.5, 0), claim, passages} from every set."""
    folder = Path(folder)
    for row in records(folder / "wice/oracle_chunks_dev.json"):
        label = {"supported": 1, "partially_supported": 0.5, "not_supported": 0}[row["label"]]
        evidence = row["evidence"] if isinstance(row["evidence"], list) else ast.literal_eval(row["evidence"])
        yield {"set": "wice", "id": row["meta"]["id"], "label": label, "claim": row["claim"], "passages": ["\n\n".join(evidence)]}
    for path in sorted((folder / "summedits").glob("summedits_*.json")):
        for row in records(path):
            original = set(split_sentences(row["original_summary"]))
            sentences = split_sentences(row["summary"])
            changed = [sentence for sentence in sentences if sentence not in original]
            for sentence in changed or sentences[:2]:
                identifier = re.sub(r"_(og|\d+|[a-z0-9]+)$", "", row["id"])
                yield {"set": "summedits", "id": identifier, "label": int(row["label"]), "claim": sentence, "passages": [row["doc"]]}
    kept = 0
    for row in records(folder / "climate-fever/climate-fever.jsonl"):
        for evidence in row["evidences"]:
            if evidence["evidence_label"] == "NOT_ENOUGH_INFO":
                kept += 1
                if kept % 2:
                    continue
            label = int(evidence["evidence_label"] == "SUPPORTS")
            yield {"set": "climate-fever", "id": row["claim_id"], "label": label, "claim": row["claim"], "passages": [evidence["evidence"]]}
    for path in sorted((folder / "halueval-qa").glob("*.json")):
        for row in records(path):
            for key, label in (("right_answer", 1), ("hallucinated_answer", 0)):
                answer = row[key]
                claim = answer if len(answer.split()) > 6 else f"{row['question'].rstrip('?')}: {answer}"
                yield {"set": "halueval-qa", "id": row["question"], "label": label, "claim": claim, "passages": [row["knowledge"]]}
    for path in sorted((folder / "begin").glob("*.tsv")):
        with open(path, encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)):
                if row["begin_label"] in ("Fully attributable", "Not fully attributable"):
                    label = int(row["begin_label"] == "Fully attributable")
                    yield {"set": "begin", "id": f"{path.name}:{number}", "label": label, "claim": row["response"], "passages": [row["knowledge"]]}


def fit(features, labels, weights, signs, strength=1e-3, rounds=6000, rate=0.5):
    """Weighted logistic regression by gradient descent, each weight kept on its side of zero."""
    mean, spread = features.mean(0), features.std(0) + 1e-6
    scaled = (features - mean) / spread
    slope, bias = np.zeros(features.shape[1]), 0.0
    weights = weights / weights.sum()
    for _ in range(rounds):
        error = weights * (1 / (1 + np.exp(-(scaled @ slope + bias))) - labels)
        slope -= rate * (scaled.T @ error + strength * slope)
        bias -= rate * error.sum()
        slope = np.where((signs != 0) & (slope * signs < 0), 0, slope)
    return slope / spread, bias - float((slope / spread) @ mean)


def area(scores, labels):
    """Area under the ROC curve: how often a supported claim scores above an unsupported one."""
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    for value in np.unique(scores):
        tied = scores == value
        ranks[tied] = ranks[tied].mean()
    positives = labels == 1
    count = positives.sum()
    return (ranks[positives].sum() - count * (count + 1) / 2) / max(1, count * (~positives).sum())


def balance(rows, labels):
    """Every set, and both answers within it, weigh the same."""
    weights = np.zeros(len(rows))
    sets = np.array([row["set"] for row in rows])
    for name in set(sets):
        for label in (0, 1):
            chosen = (sets == name) & (labels == label)
            weights[chosen] = 1 / max(1, chosen.sum())
    return weights


def judge(features_path, out_path):
    rows = [row for row in records(features_path) if row["features"]]
    names = list(JUDGE_SIGNS)
    table = np.array([row["features"] for row in rows])
    labels = np.array([int(row["label"] == 1) for row in rows])
    contradicted = np.array([row["is_contradicted"] for row in rows])
    train = np.array([row["set"] in LEARNED_FROM and in_train_half(row["id"]) for row in rows])
    chosen = np.flatnonzero(train)
    weights = balance([rows[i] for i in chosen], labels[chosen])
    slope, bias = fit(table[chosen], labels[chosen], weights, np.array([JUDGE_SIGNS[name] for name in names]))
    scores = 1 / (1 + np.exp(-(table @ slope + bias)))

    # `supported`: the lowest cut at which seven of ten claims called so are, on the train half with all sets weighing the same.
    def measure(cut, among, weigh=None):
        said = (scores >= cut) & ~contradicted & among
        weigh = np.ones(len(rows)) if weigh is None else weigh
        hit = (weigh * (said & (labels == 1))).sum()
        return hit / max(1e-9, (weigh * said).sum()), hit / max(1e-9, (weigh * (among & (labels == 1))).sum())

    spread = np.zeros(len(rows))
    spread[chosen] = weights
    cuts = np.arange(0.3, 0.9, 0.01)
    precise = [cut for cut in cuts if measure(cut, train, spread)[0] >= PRECISION]
    supported = float(precise[0] if precise else cuts[-1])
    partial = round(supported / 2, 2)
    report = []
    for name in LEARNED_FROM + ["begin"]:
        of_set = np.array([row["set"] == name for row in rows]) & ~train
        precision, recall = measure(supported, of_set)
        base = labels[of_set].mean()
        auc = area(scores[of_set], labels[of_set])
        report.append(f"{name}: {of_set.sum()} claims, {base:.2f} supported, AUC {auc:.3f}, precision {precision:.2f}, recall {recall:.2f}")
    print("\n".join(report))
    lines = ["# Written by eval/judge/train.py; do not edit by hand. Held-out halves (begin: all of it, never learned from):"]
    lines += [f"#   {line}" for line in report]
    lines += ['provenance = "eval/judge/train.py on the train halves of wice, summedits, climate-fever, halueval-qa, and of claims beside unrelated passages"']
    lines += [f"bias = {bias:.4f}", f"supported = {supported:.2f}", f"partial = {partial:.2f}", "", "[weights]"]
    lines += [f"{name} = {value:.4f}" for name, value in zip(names, slope)]
    Path(out_path).write_text("\n".join(lines) + "\n")


# Columns that public question sets hold too few of (headings, fragments, questions) keep these weights.
# Fused scores spread wider than the cosines that stand in for them here, so their weight is set lower than learned.
PICK_FIXED = {"passage_score": 2.0, "heading": -2.0, "short": -1.0, "question": -1.0}
PICK_SIGNS = {"coverage_with_context": 1}


def fit_ranking(rows, names, strength=1e-2, rounds=400, rate=0.5):
    """Softmax over a question's sentences; the loss is minus the log of what the answer-bearing ones get."""
    slope = np.array([PICK_FIXED.get(name, 1.0) for name in names])
    fixed = np.array([name in PICK_FIXED for name in names])
    signs = np.array([PICK_SIGNS.get(name, 0) for name in names])
    data = [(np.array([s["features"] for s in row["sentences"]]), np.array([s["has_answer"] for s in row["sentences"]])) for row in rows]
    spread = np.concatenate([features for features, _ in data]).std(0) + 1e-6
    for _ in range(rounds):
        step = strength * slope * spread
        for features, right in data:
            shares = np.exp(features @ slope - (features @ slope).max())
            shares /= shares.sum()
            wanted = np.where(right, shares, 0) / shares[right].sum()
            step = step + (shares - wanted) @ (features / spread) / len(data)
        slope = np.where(fixed, slope, slope - rate * step / spread)
        slope = np.where((signs != 0) & (slope * signs < 0), 0, slope)
    return slope


def picks(path):
    """rows: {article, question, names, sentences: [{features, has_answer}]}, sentences in the picker's own order."""
    rows = [row for row in records(path) if row["sentences"]]
    train = [row for row in rows if in_train_half(row["article"])]
    held = [row for row in rows if not in_train_half(row["article"])]
    names = rows[0]["names"]
    slope = fit_ranking([row for row in train if any(s["has_answer"] for s in row["sentences"])], names)
    print("[" + ", ".join(f"{value:.2f}" for value in slope) + "]  # " + ", ".join(names))

    def report(title, part, weigh, margin):
        best = several = shown = count = 0
        for row in part:
            scored = sorted(((weigh(s["features"]), s["has_answer"]) for s in row["sentences"]), key=lambda x: -x[0])
            chosen = [hit for score, hit in scored[:3] if score >= scored[0][0] - margin]
            best += scored[0][1]
            several += any(hit for _, hit in scored[:3])
            shown += any(chosen)
            count += len(chosen)
        n = len(part)
        print(f"{title}: {n} questions, best {best / n:.3f}, among 3 {several / n:.3f}, among shown {shown / n:.3f} ({count / n:.2f} sentences)")

    for title, part in (("train", train), ("held out", held)):
        report(f"{title}, cosine alone", part, lambda x: x[0], 9)
        for margin in (0.4, 0.7, 1.0):
            report(f"{title}, learned, margin {margin}", part, lambda x: float(np.dot(x, slope)), margin)
        ceiling = sum(any(s["has_answer"] for s in row["sentences"]) for row in part) / len(part)
        print(f"{title}: an answer is among the candidates for {ceiling:.3f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["claims", folder]:
            for claim in all_claims(folder):
                print(json.dumps(claim))
        case ["judge", features, out]:
            judge(features, out)
        case ["picks", path]:
            picks(path)
        case _:
            sys.exit(__doc__)
