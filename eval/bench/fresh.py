"""`make bench-fresh DATA=DIR`: how long after a change at its source a running server answers by it.

A folder of real documents is served. Again and again one file is added, changed, hidden from a group and deleted; after each the API is asked
until its answer shows it. Losing a group must show in the very next request.
"""

import argparse
import shutil
import threading
import time
from pathlib import Path

import measure
from house import Api, House

BETWEEN_QUESTIONS = 0.02
PATIENCE = 120
EMAIL = "reader@example.org"
GROUP = "readers"


class Desk:
    """The served folder and the person who asks."""

    def __init__(self, house, folder, source, api, mode):
        self.house, self.folder, self.source, self.api, self.mode = house, folder, source, api, mode

    def write(self, name, text):
        fresh = self.folder / f".{name}"
        fresh.write_text(text)
        fresh.replace(self.folder / name)

    def tell(self):
        """Lets the server know, where it does not see for itself; again while an earlier sync runs, which may have looked too soon."""

        def request():
            while self.house.json("source", "sync", self.source)["state"] == "running":
                time.sleep(BETWEEN_QUESTIONS)

        if self.mode == "sync":
            threading.Thread(target=request).start()

    def cites(self, number, code):
        answer = self.api.ask(f"What is the entry code of vault {number}?")
        return any(code in citation["quote"] for citation in answer["citations"])

    def until(self, holds):
        """Seconds until `holds`, and how often it was asked."""
        started, asked = time.monotonic(), 0
        self.tell()
        while time.monotonic() - started < PATIENCE:
            asked += 1
            if holds():
                return time.monotonic() - started, asked
            time.sleep(BETWEEN_QUESTIONS)
        raise SystemExit(f"nothing after {PATIENCE} s:\n{self.house.log.read_text()[-2000:]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with `corpora`, or any folder of documents to stand beside")
    parser.add_argument("--mode", choices=("watch", "sync"), default="watch",
                        help="how the server learns: by watching the folder, or also by `source sync`")
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with measure.workplace("fresh") as place:
        times, asked = rounds(Path(place), args)
    result = {"mode": args.mode, "repetitions": args.repetitions}
    rows = [["seconds until", "p50", "p95", "most"]]
    for name, seconds in times.items():
        p50, p95 = measure.quantile(seconds, 0.5), measure.quantile(seconds, 0.95)
        result[name] = {"p50": round(p50, 3), "p95": round(p95, 3), "most": round(max(seconds), 3)}
        rows.append([name.replace("_", " "), f"{p50:.2f}", f"{p95:.2f}", f"{max(seconds):.2f}"])
    result["refused_on_the_next_request"] = sum(count == 1 for count in asked)
    rows.append(["group lost: refused on the very next request", f"{result['refused_on_the_next_request']} of {len(asked)}", "", ""])
    measure.show(result, rows, args.json)


def rounds(place, args):
    folder = place / "folder"
    shutil.copytree(args.data / "corpora" if (args.data / "corpora").is_dir() else args.data, folder)
    house = House(measure.kept_binary(place), place)
    password = house.add_user(EMAIL, GROUP)
    source = house.json("source", "add", "folder", "--path", folder, "--access", f"group:{GROUP}")["id"]
    house.json("source", "sync", source)
    times = {name: [] for name in ("added_until_cited", "changed_until_cited", "readers_revoked_until_unreadable", "deleted_until_unanswerable")}
    asked = []
    with house.serving() as address:
        desk = Desk(house, folder, source, Api(address, EMAIL, password), args.mode)
        for number in range(args.repetitions):
            one_round(desk, number, times, asked)
    return times, asked


def one_round(desk, number, times, asked):
    name, vault = f"vault-{number}.md", 1000 + number
    text = f"# Vault {vault}\n\nThe entry code of vault {vault} is {{}}. It is changed by the night shift.\n"
    first, second = f"amber{vault}", f"cobalt{vault}"
    desk.write(name, text.format(first))
    times["added_until_cited"].append(desk.until(lambda: desk.cites(vault, first))[0])
    desk.write(name, text.format(second))
    times["changed_until_cited"].append(desk.until(lambda: desk.cites(vault, second))[0])

    # Out of the group and back: the server is told nothing, the next request must know.
    desk.house.json("user", "groups", EMAIL)
    asked.append(next(count for count in range(1, 50) if not desk.cites(vault, second)))
    desk.house.json("user", "groups", EMAIL, GROUP)
    if not desk.cites(vault, second):
        raise SystemExit("back in the group, and still refused")

    desk.write("access.toml", f'[[rule]]\npath = "{name}"\nreaders = ["group:nobody"]\n')
    times["readers_revoked_until_unreadable"].append(desk.until(lambda: not desk.cites(vault, second))[0])
    desk.write("access.toml", "")
    desk.until(lambda: desk.cites(vault, second))
    (desk.folder / name).unlink()
    times["deleted_until_unanswerable"].append(desk.until(lambda: not desk.cites(vault, second))[0])


if __name__ == "__main__":
    main()
