"""asv's pages, made to open from a folder: no server, no network.

asv writes a page that loads ten files from three content delivery networks and its figures by
requests that a browser refuses for files. Here the ten files come from npm packages, when the page is
built, and the figures from one script.
"""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

# packages in the versions that asv's page names; stupid-table-plugin has no 1.0 there
PACKAGES = ("jquery@3.3.1", "flot@0.8.3", "flot-orderbars@1.0.0", "stupid-table-plugin@1.1.3", "blueimp-md5@2.19.0",
            "bootstrap@3.1.1")  # fmt: skip
# what the page calls a file -> where the package has it
FILES = {
    "jquery-3.3.1.min.js": "jquery/dist/jquery.min.js",
    "jquery.flot.min.js": "flot/jquery.flot.js",
    "jquery.flot.time.min.js": "flot/jquery.flot.time.js",
    "jquery.flot.selection.min.js": "flot/jquery.flot.selection.js",
    "jquery.flot.categories.min.js": "flot/jquery.flot.categories.js",
    "jquery.flot.orderBars.js": "flot-orderbars/js/jquery.flot.orderBars.js",
    "stupidtable.min.js": "stupid-table-plugin/stupidtable.min.js",
    "md5.min.js": "blueimp-md5/js/md5.min.js",
    "bootstrap.min.js": "bootstrap/dist/js/bootstrap.min.js",
    "bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
}
REMOTE = re.compile(r'(src|href)="https?://[^"]*/([^/"]+\.(?:js|css))"[^>]*?(?= onerror|>)')
# jQuery asks transports before it asks the network
TRANSPORT = """\
$.ajaxTransport("+json", function (options) {
    var path = decodeURIComponent(options.url.split("?")[0]);
    if (!(path in recorded)) return;
    function send(_, done) {
        $(function () { done(200, "OK", {json: recorded[path]}); });  // once all scripts are there
    }
    return {send: send, abort: function () {}};
});
"""


class Unavailable(Exception):
    """What is needed is not here: one sentence."""


def vendor(page: Path) -> None:
    """Put the files beside the page, and name them there."""
    text = (page / "index.html").read_text("utf-8")
    wanted = [match[2] for match in REMOTE.finditer(text)]
    unknown = sorted(set(wanted) - set(FILES))
    if unknown:
        raise Unavailable(f"asv's page asks for {', '.join(unknown)}, which benchmarks/dashboard.py does not know")
    (page / "vendor").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder))
        for name in wanted:
            shutil.copyfile(Path(folder) / "node_modules" / FILES[name], page / "vendor" / name)
    text = REMOTE.sub(r'\1="vendor/\2"', text)
    figures = '<script src="vendor/figures.js"></script>\n    '
    marker = '<script language="javascript" type="text/javascript"\n            src="asv.js">'
    if marker not in text:
        raise Unavailable("asv's page does not load asv.js where benchmarks/dashboard.py expects it")
    (page / "index.html").write_text(text.replace(marker, figures + marker), "utf-8")


def install(folder: Path) -> None:
    if shutil.which("npm") is None:
        raise Unavailable("npm is not installed: the page's scripts come from npm packages")
    command = ["npm", "install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix", str(folder)]
    command += ["--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000"]
    done = subprocess.run([*command, *PACKAGES], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        raise Unavailable(f"npm could not install the page's scripts: {(said or ['it did not say why'])[0]}")


def embed(page: Path) -> None:
    """Every figure that the page may ask for, in one script."""
    files = {p.relative_to(page).as_posix(): p.read_text("utf-8") for p in sorted(page.rglob("*.json"))}
    found = {name: json.loads(text, parse_constant=lambda _: None) for name, text in files.items()}
    data = json.dumps(found, separators=(",", ":"))
    (page / "vendor" / "figures.js").write_text(f"var recorded = {data};\n{TRANSPORT}", "utf-8")
