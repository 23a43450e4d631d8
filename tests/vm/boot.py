#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot the guest in QEMU, follow it through its crash and back, write down what happened.

    boot.py --kernel FILE --initrd FILE --root DISK --out DIR [options]

The first serial line is the console: it goes to OUT/console.log with time stamps. The
second one is a line protocol with the guest's scripts:

    event NAME TEXT    something happened (shown, and kept for OUT/result.json)
    ask qemu-dump      dump the guest's memory with the QEMU monitor, then answer a line

Exit status: 0 the guest crashed, came back and switched itself off; 1 it did not;
75 it broke before its own programs ran (QEMU's emulation does that now and then), so
that another try makes sense.
"""
import argparse
import json
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TRY_AGAIN = 75
SILENCE = 300        # seconds without a byte on either line: the guest hangs
BROKEN = re.compile(r"Kernel panic - not syncing|\bOops: |\bBUG: |kernel BUG at|Unable to mount root")


class Failure(Exception):
    pass


def parse():
    ap = argparse.ArgumentParser(description="boot the guest and follow it through its crash")
    ap.add_argument("--kernel", required=True)
    ap.add_argument("--initrd", required=True)
    ap.add_argument("--root", required=True, help="raw image, will be written to")
    ap.add_argument("--out", required=True)
    ap.add_argument("--mem", default="1G")
    ap.add_argument("--smp", type=int, default=2)
    ap.add_argument("--cpu", default="qemu64")
    ap.add_argument("--numa", type=int, default=1)
    ap.add_argument("--append", default="")
    ap.add_argument("--unfiltered", help="raw disk image for the copy of /proc/vmcore")
    ap.add_argument("--qemu-dump", action="store_true")
    ap.add_argument("--timeout", type=int, default=1800)
    ap.add_argument("--start", type=float, default=0, help="seconds the run has already taken (for the progress lines)")
    return ap.parse_args()


def mebibytes(text):
    m = re.fullmatch(r"(\d+)([MG])", text)
    if not m:
        raise Failure(f"--mem {text}: want a number and M or G, as in 1G")
    return int(m.group(1)) * (1024 if m.group(2) == "G" else 1)


class Guest:
    def __init__(self, args):
        self.args = args
        self.events = []
        self.saved = []
        self.kernels = 0          # how often a kernel has said its version
        self.crashed = False      # the guest has announced its crash
        self.reached_userspace = False
        self.back = False
        self.broken = None
        self.t0 = time.monotonic() - args.start
        self.last_sign = time.monotonic()
        self.console = open(os.path.join(args.out, "console.log"), "w", encoding="utf-8", errors="replace")
        self.crash_console = open(os.path.join(args.out, "crash-kernel.log"), "w", encoding="utf-8", errors="replace")
        # a socket's path must be short, and the cache's need not be
        self.sockets = tempfile.mkdtemp(prefix="kdxvm.")
        self.partial = {}

    def now(self):
        return time.monotonic() - self.t0

    def note(self, name, text=""):
        self.events.append({"t": round(self.now(), 1), "event": name, "text": text})
        print(f"[{self.now():6.1f} s]   {name}{': ' if text else ''}{text}", file=sys.stderr, flush=True)

    def command(self):
        a = self.args
        size = mebibytes(a.mem)
        append = ("console=ttyS0,115200 root=/dev/vda rw crashkernel=256M net.ifnames=0 panic=5 systemd.show_status=0 "
                  + ("kdxvm.qemu-dump " if a.qemu_dump else "") + a.append).strip()
        cmd = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", a.cpu, "-smp", str(a.smp), "-m", str(size),
               "-nodefaults", "-display", "none", "-device", "vmcoreinfo", "-device", "virtio-rng-pci",
               "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
               "-chardev", f"socket,id=control,path={self.sockets}/control,server=on,wait=on", "-serial", "chardev:control",
               "-qmp", f"unix:{self.sockets}/qmp,server=on,wait=off",
               "-kernel", a.kernel, "-initrd", a.initrd, "-append", append]
        for disk in filter(None, [a.root, a.unfiltered]):
            cmd += ["-drive", f"file={disk},if=virtio,format=raw,cache=unsafe,discard=unmap,detect-zeroes=unmap"]
        if a.numa > 1:
            cpus = a.smp // a.numa
            if a.smp % a.numa or size % a.numa:
                raise Failure(f"--numa {a.numa}: --smp {a.smp} and --mem {a.mem} do not divide by it")
            for i in range(a.numa):
                cmd += ["-object", f"memory-backend-ram,id=node{i},size={size // a.numa}M",
                        "-numa", f"node,nodeid={i},cpus={i * cpus}-{(i + 1) * cpus - 1},memdev=node{i}"]
        return cmd

    def start(self):
        cmd = self.command()
        with open(os.path.join(self.args.out, "qemu-command.json"), "w", encoding="utf-8") as f:
            json.dump(cmd, f, indent=1)
        # a session of its own: a signal to the caller's group must not kill the guest half-way
        self.qemu = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, start_new_session=True)
        self.control = socket.socket(socket.AF_UNIX)
        for _ in range(100):
            try:
                self.control.connect(f"{self.sockets}/control")
                break
            except OSError:
                if self.qemu.poll() is not None:
                    raise Failure(f"QEMU did not start: {self.qemu.stdout.read().decode(errors='replace').strip()}") from None
                time.sleep(0.1)
        else:
            raise Failure("QEMU opened no control socket in 10 s")

    def qmp(self, stream, command, **arguments):
        request = {"execute": command}
        if arguments:
            request["arguments"] = arguments
        stream.write(json.dumps(request).encode() + b"\n")
        stream.flush()
        while True:
            line = stream.readline()
            if not line:
                raise Failure(f"QEMU's monitor closed during '{command}'")
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise Failure(f"QEMU's monitor refuses '{command}': {answer['error'].get('desc')}")

    def dump_with_qemu(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(600)
            s.connect(f"{self.sockets}/qmp")
            with s.makefile("rwb") as stream:
                stream.readline()
                self.qmp(stream, "qmp_capabilities")
                self.qmp(stream, "stop")
                for name, extra in (("qemu.elf", {}), ("qemu.kdump-flat", {"format": "kdump-zlib"})):
                    began = time.monotonic()
                    path = os.path.join(self.args.out, name)
                    self.qmp(stream, "dump-guest-memory", paging=False, protocol=f"file:{path}", **extra)
                    subprocess.run(["fallocate", "--dig-holes", path], check=False, stderr=subprocess.DEVNULL)
                    self.note("qemu-dump", f"{name}: {os.path.getsize(path) >> 20} MiB in {time.monotonic() - began:.1f} s")
                self.qmp(stream, "cont")
        self.control.sendall(b"go on\n")

    def console_line(self, line):
        self.console.write(f"{self.now():9.2f} {line}\n")
        self.console.flush()
        m = re.search(r"Linux version (\S+)", line)
        if m:
            self.kernels += 1
            what = {1: "first boot", 2: "crash kernel"}.get(self.kernels, "boot after the crash") if self.crashed or self.kernels == 1 else "unexpected reboot"
            self.note("kernel", f"{m.group(1)}, {what}")
            if what == "unexpected reboot":
                self.broken = self.broken or f"the guest rebooted by itself: {line.strip()}"
        if self.kernels == 2:
            self.crash_console.write(line + "\n")
        if BROKEN.search(line) and not self.crashed and not self.broken:
            self.broken = line.strip()

    def control_line(self, line):
        word, _, rest = line.partition(" ")
        if word == "ask":
            self.dump_with_qemu()
            return
        if word != "event":
            self.note("noise", repr(line))
            return
        name, _, text = rest.partition(" ")
        if name == "saved":
            kind, mode, size, path = text.split(" ", 3)
            self.saved.append({"type": kind, "mode": mode, "size": int(size), "path": path})
            if kind == "f":
                self.note("saved", f"{path}, {int(size):,} bytes, mode {mode}")
            return
        if name == "fail":
            raise Failure(f"the guest gave up: {text}")
        self.reached_userspace = True
        self.crashed = self.crashed or name == "crash"
        self.back = self.back or name == "after"
        self.note(name, text)

    def lines(self, key, data, handle):
        self.last_sign = time.monotonic()
        buffered = self.partial.get(key, b"") + data
        *whole, self.partial[key] = buffered.split(b"\n")
        for raw in whole:
            handle(raw.decode("utf-8", "replace").replace("\0", "").rstrip("\r"))

    def follow(self):
        selector = selectors.DefaultSelector()
        selector.register(self.qemu.stdout, selectors.EVENT_READ, self.console_line)
        selector.register(self.control, selectors.EVENT_READ, self.control_line)
        broken_at = None
        while selector.get_map():
            for key, _ in selector.select(timeout=1):
                data = os.read(key.fd, 65536)
                if not data:
                    selector.unregister(key.fileobj)
                    continue
                self.lines(key.fd, data, key.data)
            if self.broken and broken_at is None:
                broken_at = time.monotonic()      # give the rest of the message time to arrive
            if broken_at and time.monotonic() - broken_at > 3:
                raise Failure(f"the guest's kernel broke before its time: {self.broken}")
            if self.now() - self.args.start > self.args.timeout:
                raise Failure(f"not finished after {self.args.timeout} s")
            if time.monotonic() - self.last_sign > SILENCE:
                raise Failure(f"no sign of life on either serial line for {SILENCE} s")
        self.qemu.wait()
        self.note("off", f"QEMU ended with status {self.qemu.returncode}")
        if not self.crashed:
            raise Failure("QEMU ended before the guest announced its crash")
        if self.kernels < 2:
            raise Failure("the crash kernel never said a word")
        if not self.back:
            raise Failure("the guest did not come back after the crash")

    def end(self):
        if getattr(self, "qemu", None) and self.qemu.poll() is None:
            self.qemu.kill()
            self.qemu.wait()
        for key, data in self.partial.items():
            if data and getattr(self, "qemu", None) and key == self.qemu.stdout.fileno():
                self.console_line(data.decode("utf-8", "replace"))
        self.console.close()
        self.crash_console.close()
        shutil.rmtree(self.sockets, ignore_errors=True)


def console_end(path, count=40):
    with open(path, encoding="utf-8", errors="replace") as f:
        return "".join(f.readlines()[-count:])


def main():
    args = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))    # so that QEMU is not left behind
    guest = Guest(args)
    status = 0
    error = None
    try:
        guest.start()
        guest.follow()
    except Failure as e:
        error = str(e)
        status = 1 if guest.reached_userspace else TRY_AGAIN
    finally:
        guest.end()
    log = os.path.join(args.out, "console.log")
    if error:
        print(f"--- the end of the console ---\n{console_end(log)}--- whole console: {log}\n{error}", file=sys.stderr, flush=True)
    with open(os.path.join(args.out, "result.json"), "w", encoding="utf-8") as f:
        json.dump({"ok": error is None, "error": error, "seconds": round(guest.now() - args.start, 1),
                   "mem": args.mem, "smp": args.smp, "cpu": args.cpu, "numa": args.numa, "append": args.append,
                   "events": guest.events, "saved": guest.saved}, f, indent=1)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"boot.py: {failure}")
    except KeyboardInterrupt:
        sys.exit("boot.py: stopped")
