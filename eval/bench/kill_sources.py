"""Systems that the kill test changes: a folder, an S3 bucket in a real server, a table of a SQLite database."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path


class Folder:
    """Files; `access.toml` says who may read which."""

    kind = "folder"
    sees_readers = True

    def __init__(self, place):
        self.root = Path(place) / "folder"
        self.root.mkdir()
        self.readers = {}

    def settings(self):
        return ["--path", str(self.root), "--access", "public"]

    def put(self, name, text, readers):
        # As editors do: written beside it, then renamed over it.
        fresh = self.root / f".{name}"
        fresh.write_text(text)
        os.replace(fresh, self.path(name))
        self.restrict(name, readers)

    def delete(self, name):
        self.path(name).unlink()
        self.restrict(name, None)

    def restrict(self, name, readers):
        if readers is None or readers == ["everyone"]:
            self.readers.pop(name, None)
        else:
            self.readers[name] = readers
        rules = [f'[[rule]]\npath = "{name}.md"\nreaders = {readers}\n' for name, readers in sorted(self.readers.items())]
        fresh = self.root / ".access"
        fresh.write_text("".join(rules).replace("'", '"'))
        os.replace(fresh, self.root / "access.toml")

    def path(self, name):
        return self.root / f"{name}.md"

    def external_id(self, name):
        return f"{name}.md"

    def close(self):
        pass


class Table:
    """Rows with a version and a column of readers."""

    kind = "sql"
    sees_readers = True

    def __init__(self, place):
        self.file = Path(place) / "rows.sqlite"
        self.db = sqlite3.connect(self.file, isolation_level=None)
        self.db.execute("create table docs (id text primary key, body text, version integer, readers text)")
        self.version = 0

    def settings(self):
        told = {
            "database": f"sqlite:{self.file}", "query": "select id, body, version, readers from docs",
            "updated_column": "version", "readers_column": "readers", "text": "{{ body }}", "format": "markdown",
        }
        return [part for key, value in told.items() for part in ("--set", f"{key}={value}")]

    def put(self, name, text, readers):
        self.version += 1
        row = (name, text, self.version, ",".join(readers))
        self.db.execute("insert or replace into docs values (?, ?, ?, ?)", row)

    def delete(self, name):
        self.db.execute("delete from docs where id = ?", (name,))

    def restrict(self, name, readers):
        self.db.execute("update docs set readers = ? where id = ?", (",".join(readers), name))

    def external_id(self, name):
        return name

    def close(self):
        self.db.close()


class Bucket:
    """Objects behind a real S3 server, moto; all of them for everyone, as S3 names no readers."""

    kind = "s3"
    sees_readers = False
    bucket = "kills"

    def __init__(self, place):
        import boto3

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        program = Path(sys.executable).with_name("moto_server")
        log = open(Path(place) / "moto.log", "wb")
        self.server = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
        self.endpoint = f"http://127.0.0.1:{port}"
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "secret"}
        self.s3 = boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", **keys)
        for _ in range(150):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.2)
        self.s3.create_bucket(Bucket=self.bucket)

    def settings(self):
        told = {
            "bucket": self.bucket, "endpoint": self.endpoint,
            "access_key_id": "test", "secret_access_key": "env:KILL_TEST_SECRET",
        }
        return [part for key, value in told.items() for part in ("--set", f"{key}={value}")] + ["--access", "public"]

    def put(self, name, text, _readers):
        self.s3.put_object(Bucket=self.bucket, Key=f"{name}.md", Body=text.encode())

    def delete(self, name):
        self.s3.delete_object(Bucket=self.bucket, Key=f"{name}.md")

    def external_id(self, name):
        return f"{name}.md"

    def close(self):
        self.server.kill()
        self.server.wait()


KINDS = (Folder, Table, Bucket)
