"""A workspace in a folder of its own, driven through the binary and, while it serves, through the API."""

import http.cookiejar
import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path


class House:
    def __init__(self, binary, place):
        self.binary, self.data = binary, Path(place) / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self.log = Path(place) / "log"

    def configure(self, text):
        (self.data / "footnote.toml").write_text(text)

    def command(self, *args):
        return [self.binary, "--data-dir", str(self.data), *map(str, args)]

    def spawn(self, *args, **options):
        with open(self.log, "ab") as log:
            return subprocess.Popen(self.command(*args), stdin=subprocess.DEVNULL, stderr=log, **options)

    def run(self, *args):
        return subprocess.run(self.command(*args), stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def json(self, *args):
        """What a command that must succeed prints with `--json`."""
        done = self.run(*args, "--json")
        if done.returncode != 0:
            raise RuntimeError(f"footnote {' '.join(map(str, args))}: {done.stderr.strip() or done.stdout.strip()}")
        return json.loads(done.stdout)

    def add_user(self, email, *groups):
        """Returns the password."""
        args = [part for group in groups for part in ("--group", group)]
        return self.json("user", "add", email, *args)["password"]

    @contextmanager
    def serving(self):
        """The address of a running server."""
        process = self.spawn("serve", "--port", "0", stdout=subprocess.PIPE, text=True)
        try:
            for line in process.stdout:
                if "serves on" in line:
                    yield line.split("serves on")[1].strip()
                    return
            raise RuntimeError(f"footnote serve ended:\n{self.log.read_text()[-2000:]}")
        finally:
            process.kill()
            process.wait()


class Api:
    """A person's session with a running server."""

    def __init__(self, address, email, password):
        self.root = f"{address.rstrip('/')}/api/v1"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        self.post("/login", {"email": email, "password": password}).read()

    def post(self, path, body):
        headers = {"content-type": "application/json", "origin": self.root.removesuffix("/api/v1")}
        return self.opener.open(urllib.request.Request(self.root + path, json.dumps(body).encode(), headers))

    def search(self, query, leg="hybrid", limit=10):
        asked = urllib.parse.urlencode({"q": query, "leg": leg, "limit": limit})
        with self.opener.open(f"{self.root}/search?{asked}") as response:
            return json.load(response)["hits"]

    def ask(self, question):
        """The finished answer: the data of the event `done`."""
        event = None
        with self.post("/ask", {"question": question}) as stream:
            for line in stream:
                line = line.decode().rstrip("\n")
                if line.startswith("event:"):
                    event = line.removeprefix("event:").strip()
                elif line.startswith("data:") and event in ("done", "error"):
                    data = json.loads(line.removeprefix("data:"))
                    if event == "error":
                        raise RuntimeError(f"ask: {data}")
                    return data
        raise RuntimeError("ask: the stream ended without an answer")

    def can_read(self, document):
        try:
            self.opener.open(f"{self.root}/documents/{document}").read()
            return True
        except urllib.error.HTTPError as error:
            if error.code in (403, 404):
                return False
            raise


def models_dir():
    """Where the binary finds its models; it must be named, as tests and benchmarks have data directories of their own."""
    return os.environ["FOOTNOTE_MODELS_DIR"]
