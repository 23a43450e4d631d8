# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the truth of a results folder: what /proc said in the guest just before it crashed.

    t = Truth("/path/of/results")
    t.tasks       {pid: task}, threads too; task is a dict, see below
    t.modules     {name: {"size", "base", ...}}
    t.log         records of the kernel log, oldest first
    t.kallsyms    Symbols: addresses of a name, names at an address
    t.page_flags, t.page_counts   array of 64-bit numbers, index = page frame number
    t.facts, t.actors, t.processes, t.meminfo, t.slabs, t.iomem, t.mounts, t.saved, t.result

What differs between the truth and the dump without anybody being wrong:

- The task that took the truth (facts["truth_pid"]) was running then, and sleeps in pause()
  at the crash; the shell (facts["shell_pid"]) waited then, and wrote to sysrq-trigger at
  the crash. Everybody else keeps still, except that
- kernel workers ("kworker/...") are made, ended and woken as the kernel needs them, and
  threads of the RCU family and of the root file system's journal may have been awake.
- Kernel threads have names of any length; the name in the task structure is cut to 15
  bytes, and /proc adds what a worker does ("kworker/0:1-events"). `comm` here is the
  structure's, `proc_comm` what /proc said.
- The log goes on: the dump has more records at the end.
- Bytes which are not UTF-8 are U+FFFD in all texts here, as in kdx's JSON.
"""
import array
import codecs
import functools
import json
import os
import re

PM_FLAGS = {   # bits of /proc/kpageflags (include/uapi/linux/kernel-page-flags.h)
    "LOCKED": 0, "ERROR": 1, "REFERENCED": 2, "UPTODATE": 3, "DIRTY": 4, "LRU": 5, "ACTIVE": 6, "SLAB": 7,
    "WRITEBACK": 8, "RECLAIM": 9, "BUDDY": 10, "MMAP": 11, "ANON": 12, "SWAPCACHE": 13, "SWAPBACKED": 14,
    "COMPOUND_HEAD": 15, "COMPOUND_TAIL": 16, "HUGE": 17, "UNEVICTABLE": 18, "HWPOISON": 19, "NOPAGE": 20,
    "KSM": 21, "THP": 22, "OFFLINE": 23, "ZERO_PAGE": 24, "IDLE": 25, "PGTABLE": 26, "RESERVED": 32,
}

codecs.register_error("kdx-bytes", lambda e: ("\ufffd", e.start + 1))


def text(data):
    """Bytes as text, each byte that is not part of UTF-8 as U+FFFD."""
    return data.decode("utf-8", "kdx-bytes")


def task_comm(proc_comm, kthread):
    """task_struct.comm from what /proc/PID/comm says."""
    if not kthread:
        return proc_comm
    worker = re.match(r"(kworker/u?\d+:\d+H?)(?:[-+].*)?$", proc_comm)
    return worker.group(1) if worker else proc_comm[:15]


def unescape_kmsg(line):
    """The bytes of a /dev/kmsg text, where the kernel wrote \\xNN for what is not printable."""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m.group(1), 16)]), line)


class Symbols:
    """/proc/kallsyms: names are not unique, and addresses have several names."""

    def __init__(self, path):
        self.by_name = {}
        self.by_address = {}
        self.modules = {}
        with open(path, encoding="ascii", errors="replace") as f:
            for line in f:
                words = line.split()
                address, name = int(words[0], 16), words[2]
                self.by_name.setdefault(name, []).append(address)
                self.by_address.setdefault(address, set()).add(name)
                if len(words) > 3:
                    self.modules.setdefault(address, set()).add(words[3].strip("[]"))

    def addresses(self, name):
        return self.by_name.get(name, [])

    def one(self, name):
        found = set(self.addresses(name))
        if len(found) != 1:
            raise ValueError(f"kallsyms has {len(found)} addresses of {name}")
        return found.pop()

    def names_at(self, address):
        return self.by_address.get(address, set())


class Truth:
    def __init__(self, results):
        self.results = os.path.abspath(results)
        self.folder = os.path.join(self.results, "truth")
        if not os.path.exists(os.path.join(self.folder, "tasks.jsonl")):
            raise FileNotFoundError(f"{self.results} is no results folder of tests/vm/run: it has no truth/tasks.jsonl")

    def bytes(self, name):
        with open(os.path.join(self.folder, name), "rb") as f:
            return f.read()

    def text(self, name):
        return text(self.bytes(name))

    def json_lines(self, name):
        # strict=False: a name may hold control characters
        return [json.loads(line, strict=False) for line in self.text(name).split("\n") if line]

    @functools.cached_property
    def facts(self):
        return self.json_lines("facts.json")[0]

    @functools.cached_property
    def result(self):
        with open(os.path.join(self.results, "result.json"), encoding="utf-8") as f:
            return json.load(f)

    @property
    def saved(self):
        """The files the guest saw in /var/crash after the crash: path, mode, size."""
        return self.result["saved"]

    @functools.cached_property
    def tasks(self):
        """{pid: {pid, tgid, ppid, comm, proc_comm, state, kthread, cpu, nice, starttime, vsz (KiB),
        rss (pages), uid, cmdline, stack: [(function, offset, module or None), ...]}}"""
        found = {}
        for task in self.json_lines("tasks.jsonl"):
            task["proc_comm"] = task["comm"]
            task["comm"] = task_comm(task["comm"], task["kthread"])
            stack = []
            for frame in task["stack"]:
                m = re.fullmatch(r"(\S+)\+0x([0-9a-f]+)/0x[0-9a-f]+(?: \[(\S+)\])?", frame)
                if not m:
                    raise ValueError(f"{self.folder}/tasks.jsonl: pid {task['pid']}: cannot understand '{frame}'")
                stack.append((m.group(1), int(m.group(2), 16), m.group(3)))
            task["stack"] = stack
            found[task["pid"]] = task
        return found

    @functools.cached_property
    def modules(self):
        found = {}
        for line in self.text("modules").splitlines():
            name, size, references, users, state, base = line.split()[:6]
            found[name] = {"name": name, "size": int(size), "references": int(references),
                           "users": [u for u in users.split(",") if u not in ("", "-")],
                           "state": state, "base": int(base, 16)}
        return found

    @functools.cached_property
    def log(self):
        """[{seq, level, facility, ts_usec, flags, caller, text, fields}]"""
        records = []
        for line in self.bytes("kmsg").split(b"\n"):
            if not line:
                continue
            if line.startswith(b" "):        # " SUBSYSTEM=pci": belongs to the record before
                key, _, value = line[1:].partition(b"=")
                records[-1]["fields"][text(key)] = text(unescape_kmsg(value))
                continue
            head, _, body = line.partition(b";")
            words = head.decode("ascii").split(",")
            records.append({"seq": int(words[1]), "level": int(words[0]) & 7, "facility": int(words[0]) >> 3,
                            "ts_usec": int(words[2]), "flags": words[3],
                            "caller": next((w[7:] for w in words[4:] if w.startswith("caller=")), None),
                            "text": text(unescape_kmsg(body)), "fields": {}})
        return records

    @functools.cached_property
    def kallsyms(self):
        return Symbols(os.path.join(self.folder, "kallsyms"))

    def numbers(self, name):
        values = array.array("Q")
        values.frombytes(self.bytes(name))
        return values

    @functools.cached_property
    def page_flags(self):
        return self.numbers("kpageflags")

    @functools.cached_property
    def page_counts(self):
        return self.numbers("kpagecount")

    @functools.cached_property
    def actors(self):
        """What each process of the workload holds: {name: {pid, ...}}."""
        return {a["actor"]: a for a in self.json_lines("actors.jsonl")}

    @functools.cached_property
    def processes(self):
        """{pid: {exe, cwd, root, fds: [{fd, path}], maps, status, cgroup}}"""
        return {p["pid"]: p for p in self.json_lines("processes.jsonl")}

    @functools.cached_property
    def meminfo(self):
        return {key: int(value.split()[0]) for key, value in
                (line.split(":") for line in self.text("meminfo").splitlines())}

    @functools.cached_property
    def slabs(self):
        """{cache: {active, total, size, per_slab, pages_per_slab, slabs}}"""
        found = {}
        for line in self.text("slabinfo").splitlines()[2:]:
            w = line.replace(":", " ").split()
            found[w[0]] = {"active": int(w[1]), "total": int(w[2]), "size": int(w[3]), "per_slab": int(w[4]),
                           "pages_per_slab": int(w[5]), "slabs": int(w[w.index("slabdata") + 2])}
        return found

    @functools.cached_property
    def iomem(self):
        """[(first, last, name, depth)]"""
        return [(int(m.group(2), 16), int(m.group(3), 16), m.group(4), len(m.group(1)) // 2) for m in
                re.finditer(r"^( *)([0-9a-f]+)-([0-9a-f]+) : (.*)$", self.text("iomem"), re.M)]

    @functools.cached_property
    def mounts(self):
        """[(device, mount point, type, options)]"""
        return [tuple(line.split()[:4]) for line in self.text("mounts").splitlines()]
