#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the newest kernel of one row of the table `kernels` and download its packages.

    fetch.py NAME --cache DIR [--table FILE]
    fetch.py --mirror SUITE      only print where that suite is

The mirror is the one apt is set up with. The suite's InRelease must carry a Debian
signature, the index must have the checksum InRelease gives, and each package the one
the index gives. On success standard output has lines that a shell can read:

    release=6.1.0-56-cloud-amd64
    version=6.1.192-2
    image=/path/of/package.deb      (one line for each package of the kernel itself)
    debug=/path/of/package-dbg.deb

Progress and errors go to standard error; exit status 1 is an error.
"""
import argparse
import fnmatch
import functools
import hashlib
import lzma
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

KEYRING = os.environ.get("KDX_VM_KEYRING", "/usr/share/keyrings/debian-archive-keyring.gpg")
INDEX_MAX_AGE = int(os.environ.get("KDX_VM_INDEX_AGE", 24 * 3600))
ARCH = "amd64"


class Trouble(Exception):
    """Something the user has to know; the text says what, where and what to do."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def table_row(table, name):
    names = []
    with open(table, encoding="utf-8") as f:
        for line in f:
            words = line.split("#", 1)[0].split()
            if not words:
                continue
            names.append(words[0])
            if words[0] == name:
                return words[1].split(","), words[2]
    raise Trouble(f"no kernel '{name}' in {table}; it has: {' '.join(names)}")


def apt_archives():
    """(is_security, base address) of each Debian archive apt knows, in apt's order."""
    out = subprocess.run(
        ["apt-get", "indextargets", "--format",
         "$(REPO_URI)|$(RELEASE)|$(COMPONENT)", "Created-By: Packages"],
        stdout=subprocess.PIPE, text=True, check=False).stdout
    found = []
    for line in out.splitlines():
        uri, release, component = line.split("|")
        # only Debian's own suites: other vendors' archives have other names for theirs
        if component != "main" or not re.fullmatch(
                r"(bullseye|bookworm|trixie|forky|sid|(old)*stable|testing|unstable)(-[a-z-]+)?", release):
            continue
        entry = (release.endswith("-security"), uri.rstrip("/"))
        if entry not in found:
            found.append(entry)
    return found


def archive_of(suite):
    override = os.environ.get("KDX_VM_MIRROR_SECURITY" if suite.endswith("-security") else "KDX_VM_MIRROR")
    if override:
        return override.rstrip("/")
    for security, uri in apt_archives():
        if security == suite.endswith("-security"):
            if not re.match(r"(https?|file):", uri):
                raise Trouble(f"apt's source for {suite} is '{uri}', which only apt can read; "
                              "set KDX_VM_MIRROR (and KDX_VM_MIRROR_SECURITY) to an http address of a Debian mirror")
            return uri
    raise Trouble(f"apt has no source for the {'security' if suite.endswith('-security') else 'main'} archive of "
                  f"Debian, so there is nowhere to look for {suite}; add one to /etc/apt/sources.list.d, "
                  "or set KDX_VM_MIRROR and KDX_VM_MIRROR_SECURITY")


@functools.lru_cache(maxsize=None)
def opener():
    """urllib with apt's proxy, when apt has one and the environment does not."""
    handlers = []
    dump = subprocess.run(["apt-config", "dump"], stdout=subprocess.PIPE, text=True, check=False).stdout
    proxies = dict(urllib.request.getproxies())
    for scheme in ("http", "https"):
        m = re.search(rf'^Acquire::{scheme}::Proxy "([^"]+)";', dump, re.M)
        if m and scheme not in proxies and m.group(1) != "DIRECT":
            proxies[scheme] = m.group(1)
    if proxies:
        handlers.append(urllib.request.ProxyHandler(proxies))
    return urllib.request.build_opener(*handlers)


def download(url, path, size=None, sha256=None):
    """Write url to path; checked, and under its name only when it is whole."""
    part = path + ".part"
    name = os.path.basename(path)
    for attempt in range(3):
        digest, done, t0, shown = hashlib.sha256(), 0, time.monotonic(), time.monotonic()
        try:
            with opener().open(url, timeout=60) as r, open(part, "wb") as f:
                total = size or int(r.headers.get("Content-Length") or 0)
                while True:
                    block = r.read(1 << 18)
                    if not block:
                        break
                    f.write(block)
                    digest.update(block)
                    done += len(block)
                    if time.monotonic() - shown >= (1 if sys.stderr.isatty() else 10):
                        shown = time.monotonic()
                        percent = f"{100 * done // total:3d} % of {total >> 20} MiB" if total else f"{done >> 20} MiB"
                        end = "\r" if sys.stderr.isatty() else "\n"
                        print(f"    {name}: {percent}, {done / 1e6 / (shown - t0):.1f} MB/s  ",
                              file=sys.stderr, end=end, flush=True)
        except (OSError, urllib.error.URLError) as e:
            if isinstance(e, urllib.error.HTTPError) and e.code == 404:
                raise Trouble(f"{url}: not there (404); the mirror may be in the middle of an update, try again later") from e
            if attempt == 2:
                raise Trouble(f"cannot download {url}: {e}; check the network, or apt's sources") from e
            say(f"    {name}: {e}; trying again")
            time.sleep(2)
            continue
        if size is not None and done != size or sha256 is not None and digest.hexdigest() != sha256:
            if attempt == 2:
                os.unlink(part)
                raise Trouble(f"{url}: checksum or size is not what the index says ({done} bytes, want {size}; "
                              f"sha256 {digest.hexdigest()}, want {sha256}); the mirror is inconsistent, try another one")
            say(f"    {name}: checksum wrong, trying again")
            continue
        os.replace(part, path)
        return
    raise AssertionError("unreachable")


def suite_index(suite, cache):
    """Path of the suite's Packages.xz, at most INDEX_MAX_AGE old (older only when offline)."""
    folder = os.path.join(cache, "index")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{suite}.Packages.xz")
    if os.path.exists(path) and time.time() - os.path.getmtime(path) < INDEX_MAX_AGE:
        return path
    base = f"{archive_of(suite)}/dists/{suite}"
    release = os.path.join(folder, f"{suite}.InRelease")
    try:
        download(f"{base}/InRelease", release)
        gpgv = subprocess.run(["gpgv", "--keyring", KEYRING, "--output", "-", release],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if gpgv.returncode != 0:
            os.unlink(release)
            raise Trouble(f"{base}/InRelease: no good signature by a key of {KEYRING}: "
                          f"{gpgv.stderr.decode(errors='replace').strip().splitlines()[-1:]}; "
                          "update debian-archive-keyring, or name another keyring in KDX_VM_KEYRING")
        section = gpgv.stdout.decode().split("\nSHA256:\n", 1)[-1]
        m = re.search(rf"^ ([0-9a-f]{{64}}) +(\d+) main/binary-{ARCH}/Packages\.xz$", section, re.M)
        if not m:
            raise Trouble(f"{base}/InRelease: lists no main/binary-{ARCH}/Packages.xz")
        if os.path.exists(path) and sha256_of(path) == m.group(1):
            os.utime(path)
        else:
            download(f"{base}/main/binary-{ARCH}/Packages.xz", path, int(m.group(2)), m.group(1))
    except Trouble as e:
        if not os.path.exists(path):
            raise
        age = (time.time() - os.path.getmtime(path)) / 3600
        say(f"    WARNING: {e}\n    WARNING: going on with the index of {suite} fetched {age:.0f} hours ago")
    return path


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


@functools.lru_cache(maxsize=None)
def linux_packages(path):
    """name -> list of {field: value} for the linux-* packages of an index."""
    found = {}
    with lzma.open(path, "rt", encoding="utf-8", errors="replace") as f:
        fields = {}
        keep = False
        for line in f:
            if line == "\n":
                if keep:
                    found.setdefault(fields["Package"], []).append(fields)
                fields, keep = {}, False
            elif not line.startswith(" "):
                key, _, value = line.partition(":")
                if key == "Package":
                    keep = value.strip().startswith("linux-")
                if keep or key == "Package":
                    fields[key] = value.strip()
        if keep:
            found.setdefault(fields["Package"], []).append(fields)
    return found


def newer(a, b):
    return subprocess.run(["dpkg", "--compare-versions", a, "gt", b], check=False).returncode == 0


def choose(packages, pattern):
    """The newest (release, version, image records, debug record) that is complete in this index."""
    best = None
    for name, records in packages.items():
        if not fnmatch.fnmatchcase(name, pattern):
            continue
        release = name[len("linux-image-"):]
        for image in records:
            version = image["Version"]
            if best and not newer(version, best[1]):
                continue

            def same(package, version=version):
                # the signed and the unsigned packages have the same version string since 6.1
                return next((r for r in packages.get(package, []) if r["Version"] == version), None)

            debug = same(f"linux-image-{release}-dbg")
            parts = [image]
            for kind in ("binary", "modules", "base"):
                want = f"linux-{kind}-{release}"
                if re.search(rf"(^|[ ,|]){re.escape(want)}( |,|$)", image.get("Depends", "")):
                    parts.append(same(want))
            if debug and all(parts):
                best = (release, version, parts, debug)
    return best


def forget_others(record, paths):
    """Remove the packages of this row's earlier kernel, which the file `record` names."""
    if os.path.exists(record):
        with open(record, encoding="utf-8") as f:
            for path in set(f.read().splitlines()) - set(paths):
                for old in (path, path + ".sha256"):
                    if os.path.exists(old):
                        os.unlink(old)
    with open(record, "w", encoding="utf-8") as f:
        f.write("\n".join(paths) + "\n")


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("name", nargs="?")
    ap.add_argument("--mirror", metavar="SUITE")
    ap.add_argument("--cache")
    ap.add_argument("--table", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernels"))
    a = ap.parse_args()
    if a.mirror:
        print(archive_of(a.mirror))
        return
    if not a.name or not a.cache:
        ap.error("want NAME and --cache DIR, or --mirror SUITE")
    suites, pattern = table_row(a.table, a.name)
    trouble = None
    for suite in suites:
        try:
            found = choose(linux_packages(suite_index(suite, a.cache)), pattern)
        except Trouble as e:
            # a later suite of the row may still have it
            say(f"    {suite}: {e}")
            trouble = e
            continue
        if found:
            break
    else:
        raise trouble or Trouble(f"no complete kernel (image and -dbg) like '{pattern}' in {', '.join(suites)}; "
                      f"see the row '{a.name}' of {a.table}")
    release, version, parts, debug = found
    say(f"    {a.name} is {release} ({version}) of {suite}")
    debs = os.path.join(a.cache, "debs")
    os.makedirs(debs, exist_ok=True)
    lines = [f"release={release}", f"version={version}"]
    for kind, record in [("image", r) for r in parts] + [("debug", debug)]:
        path = os.path.join(debs, os.path.basename(record["Filename"]))
        mark = path + ".sha256"   # saves hashing 300 MB in each run; removed together with the package
        if not (os.path.exists(path) and os.path.exists(mark)
                and open(mark, encoding="ascii").read() == f"{record['SHA256']} {os.path.getsize(path)}\n"):
            if not (os.path.exists(path) and sha256_of(path) == record["SHA256"]):
                say(f"    download {os.path.basename(path)} ({int(record['Size']) >> 20} MiB)")
                download(f"{archive_of(suite)}/{record['Filename']}", path, int(record["Size"]), record["SHA256"])
            with open(mark, "w", encoding="ascii") as f:
                f.write(f"{record['SHA256']} {os.path.getsize(path)}\n")
        lines.append(f"{kind}={path}")
    forget_others(os.path.join(debs, f"{a.name}.files"), [line.split("=", 1)[1] for line in lines[2:]])
    print("\n".join(lines))


if __name__ == "__main__":
    try:
        main()
    except Trouble as error:
        sys.exit(f"fetch.py: {error}")
    except KeyboardInterrupt:
        sys.exit("fetch.py: stopped")
