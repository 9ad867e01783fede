"""Bring the OpenAPI user interface of `/docs` into the platform's assets: `make vendor`.

The version and the integrity of the npm package stand in `vendored.json`, next to the files; to go to
another version change both there (`npm view swagger-ui-dist@VERSION dist.integrity` tells the second)
and run it again. Only what the page loads is taken, as it is, with the licence; no source maps.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import install

FOLDER = install.ROOT / "platform" / "talatat" / "web" / "assets" / "swagger-ui"
MANIFEST = FOLDER / "vendored.json"


def fetched(package: str, version: str, into: Path) -> Path:
    """The package's archive, as npm gives it."""
    command = ["npm", "pack", "--silent", "--pack-destination", str(into), f"{package}@{version}"]
    subprocess.run(command, cwd=into, check=True, stdout=subprocess.DEVNULL)
    (archive,) = into.glob("*.tgz")
    return archive


def digest_of(data: bytes) -> str:
    """The digest of one file, as the manifest has it."""
    return hashlib.sha256(data).hexdigest()


def vendor() -> None:
    """Fetch, compare with the integrity, write the files and their digests."""
    manifest = json.loads(MANIFEST.read_text())
    with tempfile.TemporaryDirectory() as name:
        archive = fetched(manifest["package"], manifest["version"], Path(name))
        algorithm, _, wanted = manifest["integrity"].partition("-")
        made = base64.b64encode(hashlib.new(algorithm, archive.read_bytes()).digest()).decode()
        if made != wanted:
            sys.exit(f"{archive.name} is not what vendored.json says: {algorithm}-{made}")
        with tarfile.open(archive) as tar:
            for file in manifest["files"]:
                data = tar.extractfile(f"package/{file}").read()
                (FOLDER / file).write_bytes(data)
                manifest["files"][file] = digest_of(data)
    MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    vendor()
