#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A second reader of vmcores, written from the format's page alone and sharing nothing with libkdf.

    reader.py FILE            header, counts
    reader.py FILE PFN...     the page frames in hex

kdump-compressed (version 6, 64-bit, little endian) and ELF. Used by tests/oracle/check.
"""
import ctypes
import ctypes.util
import mmap
import struct
import sys
import zlib

ZLIB, LZO, SNAPPY, INCOMPLETE, ZSTD = 1, 2, 4, 8, 0x20


class Bad(Exception):
    pass


def library(name):
    try:
        return ctypes.CDLL(name)
    except OSError:
        return None


LIBC = ctypes.CDLL(None)
LIBC.memcmp.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]


class Mapped:
    """A file in memory, with the address of its first byte (a private mapping: nothing is written back)."""

    def __init__(self, path):
        with open(path, 'rb') as f:
            self.bytes = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY)
        self.size = len(self.bytes)
        self.anchor = ctypes.c_char.from_buffer(self.bytes)
        self.base = ctypes.addressof(self.anchor)

    def unpack(self, fmt, at):
        n = struct.calcsize('<' + fmt)
        if at < 0 or at + n > self.size:
            raise Bad('offset %#x lies beyond the file' % at)
        return struct.unpack_from('<' + fmt, self.bytes, at)

    def close(self):
        del self.anchor
        self.bytes.close()


def set_bits(bitmap):
    """Numbers of the set bits of a little-endian bitmap, ascending."""
    table = [[b for b in range(8) if v >> b & 1] for v in range(256)]
    for i, v in enumerate(bitmap):
        if v:
            for b in table[v]:
                yield i * 8 + b


def int_bits(number):
    return set_bits(number.to_bytes((number.bit_length() + 7) // 8, 'little'))


class Unpacker:
    """Decompressors by page flag; each takes an address and a size and gives the address of the page."""

    def __init__(self, page_size):
        self.page_size = page_size
        self.room = ctypes.create_string_buffer(page_size)
        self.room_at = ctypes.addressof(self.room)
        self.lzo = library('liblzo2.so.2')
        self.zstd = library('libzstd.so.1')
        if self.lzo:
            self.lzo.lzo1x_decompress_safe.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p,
                                                       ctypes.c_void_p, ctypes.c_void_p]
        if self.zstd:
            self.zstd.ZSTD_createDCtx.restype = ctypes.c_void_p
            self.zstd.ZSTD_decompressDCtx.restype = ctypes.c_size_t
            self.zstd.ZSTD_decompressDCtx.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t,
                                                      ctypes.c_void_p, ctypes.c_size_t]
            self.context = self.zstd.ZSTD_createDCtx()

    def address(self, base, offset, size, flags):
        if flags == 0:
            if size != self.page_size:
                raise Bad('raw page of %d bytes' % size)
            return base + offset
        at = base + offset
        if flags == ZLIB:
            page = zlib.decompress(ctypes.string_at(at, size))
            if len(page) != self.page_size:
                raise Bad('zlib page of %d bytes' % len(page))
            ctypes.memmove(self.room_at, page, self.page_size)
        elif flags == LZO:
            got = ctypes.c_size_t(self.page_size)
            rc = self.lzo.lzo1x_decompress_safe(at, size, self.room_at, ctypes.addressof(got), None)
            if rc or got.value != self.page_size:
                raise Bad('lzo error %d, %d bytes' % (rc, got.value))
        elif flags == ZSTD:
            got = self.zstd.ZSTD_decompressDCtx(self.context, self.room_at, self.page_size, at, size)
            if got != self.page_size:
                raise Bad('zstd gives %d' % got)
        else:
            raise Bad('unknown page flags %#x' % flags)
        return self.room_at


class Dump:
    """What both kinds have: ram and dumped (bitmaps as numbers), vmcoreinfo, page(pfn), and memory."""

    def info_text(self, text):
        lines = text.decode('ascii', 'replace').split('\n')
        self.vmcoreinfo = dict(line.split('=', 1) for line in lines if '=' in line)
        self.page_size = int(self.vmcoreinfo.get('PAGESIZE', self.page_size))

    def number(self, key, default=None):
        value = self.vmcoreinfo.get(key)
        return default if value is None else int(value, 0)

    def symbol(self, name):
        value = self.vmcoreinfo.get('SYMBOL(%s)' % name)
        return None if value is None else int(value, 16)

    def has(self, pfn):
        return self.dumped >> pfn & 1

    def phys(self, address, n):
        out = b''
        while n:
            pfn, inside = divmod(address, self.page_size)
            piece = self.page(pfn)[inside:inside + n]
            out += piece
            address += len(piece)
            n -= len(piece)
        return out

    def translate(self, virt):
        """x86_64 page tables, from the top-level table that VMCOREINFO names."""
        top = (self.symbol('init_top_pgt') or self.symbol('swapper_pg_dir')) - 0xffffffff80000000
        table = top + self.number('NUMBER(phys_base)', 0)
        shift = 48 if self.number('NUMBER(pgtable_l5_enabled)', 0) else 39
        while True:
            at = table + (virt >> shift & 511) * 8
            entry = struct.unpack('<Q', self.phys(at, 8))[0]
            if not entry & 1:
                raise Bad('%#x is not mapped' % virt)
            if shift == 12 or (shift in (21, 30) and entry & 0x80):
                size = 1 << shift
                return (entry & 0xffffffffff000 & ~(size - 1)) + (virt & (size - 1))
            table = entry & 0xffffffffff000
            shift -= 9

    def virt(self, address, n):
        out = b''
        while n:
            step = min(n, self.page_size - address % self.page_size)
            out += self.phys(self.translate(address), step)
            address += step
            n -= step
        return out


def notes(blob):
    at = 0
    while at + 12 <= len(blob):
        namesz, descsz, kind = struct.unpack_from('<III', blob, at)
        name = blob[at + 12:at + 12 + namesz].rstrip(b'\0')
        at += 12 + (namesz + 3) // 4 * 4
        yield name, kind, blob[at:at + descsz]
        at += (descsz + 3) // 4 * 4


class Elf(Dump):
    def __init__(self, path):
        self.page_size = 4096
        self.file = Mapped(path)
        phoff, = self.file.unpack('Q', 32)
        entsize, phnum = self.file.unpack('HH', 54)
        if phnum == 0xffff:  # PN_XNUM: the number is in the first section header
            shoff, = self.file.unpack('Q', 40)
            phnum, = self.file.unpack('I', shoff + 44)
        self.loads, self.vmcoreinfo = [], {}
        for i in range(phnum):
            kind, _, offset, virt, phys, filesz, memsz = self.file.unpack('IIQQQQQ', phoff + i * entsize)
            if kind == 4:
                for name, _, text in notes(self.file.bytes[offset:offset + filesz]):
                    if name == b'VMCOREINFO':
                        self.info_text(text)
            elif kind == 1:
                self.loads.append((phys, virt, offset, filesz, memsz))
        self.ram = 0
        self.max_pfn = 0
        for phys, _, _, filesz, memsz in self.loads:
            first, end = phys // self.page_size, (phys + memsz + self.page_size - 1) // self.page_size
            self.ram |= ((1 << (end - first)) - 1) << first
            self.max_pfn = max(self.max_pfn, end)
        self.dumped = self.ram
        # Whole pages, for the fast way; the RAM headers behind the kernel image's, which overlaps one of them.
        self.runs = sorted((-(-phys // self.page_size), (phys + filesz) // self.page_size,
                            offset + -phys % self.page_size)
                           for phys, _, offset, filesz, _ in self.loads)

    def kernel_image(self):
        """
        Frames of the header that holds _stext, up to the end of the last large page: the kernel maps its image by
        2 MiB, and what its page tables map as image is all that a filtered dump can tell without symbols. So at most
        511 frames behind _end, of whatever kind, stay with it.
        """
        text = self.symbol('_stext')
        for phys, virt, _, _, memsz in self.loads:
            if text is not None and virt <= text < virt + memsz:
                return range(phys // self.page_size, -(-(phys + memsz) // (2 << 20)) * (2 << 20) // self.page_size)
        return range(0)

    def address(self, pfn):
        """Address of a page in the mapped file; None when no header holds all of it."""
        for first, end, offset in self.runs:
            if first <= pfn < end:
                return self.file.base + offset + (pfn - first) * self.page_size
        return None

    def page(self, pfn):
        at = self.address(pfn)
        if at is not None:
            return ctypes.string_at(at, self.page_size)
        page = bytearray(self.page_size)  # at the edge of a header: what is there, and zeros
        for phys, _, offset, filesz, _ in self.loads:
            begin, end = max(phys, pfn * self.page_size), min(phys + filesz, (pfn + 1) * self.page_size)
            if begin < end:
                page[begin % self.page_size:begin % self.page_size + end - begin] = \
                    self.file.bytes[offset + begin - phys:offset + end - phys]
        return bytes(page)


class Kdump(Dump):
    def __init__(self, path):
        f = self.file = Mapped(path)
        self.vmcoreinfo = {}
        self.version, = f.unpack('I', 8)
        self.status, bs, sub, maps, self.max_pfn = f.unpack('IIIII', 424)
        self.page_size = bs
        self.nr_cpus, = f.unpack('I', 460)
        self.uts = [f.bytes[12 + i * 65:77 + i * 65].split(b'\0')[0].decode() for i in range(6)]
        self.crash_time, = f.unpack('Q', 408)
        self.phys_base, self.level, self.split = f.unpack('QII', bs)
        info_at, info_len, self.note_at, self.note_len = f.unpack('QQQQ', bs + 32)
        if self.version >= 6:
            self.max_pfn, = f.unpack('Q', bs + 96)
        if info_at:
            self.info_text(f.bytes[info_at:info_at + info_len])
        at, half = bs * (1 + sub), maps // 2 * bs
        if half * 8 < self.max_pfn or at + 2 * half > f.size:
            raise Bad('the bitmaps do not cover %d frames' % self.max_pfn)
        self.ram = int.from_bytes(f.bytes[at:at + half], 'little')
        self.bitmap = f.bytes[at + half:at + 2 * half]
        self.dumped = int.from_bytes(self.bitmap, 'little')
        self.descriptors_at = at + 2 * half
        self.count = bin(self.dumped).count('1')
        self.data_at = self.descriptors_at + 24 * self.count
        if self.dumped >> self.max_pfn or self.dumped & ~self.ram:
            raise Bad('the second bitmap has frames that the first has not')
        if self.data_at > f.size:
            raise Bad('the descriptors reach beyond the file')
        self.unpack_page = Unpacker(bs)
        self.index = None

    def pages(self):
        """(pfn, offset, size, flags) of every descriptor, in order of frames."""
        blob = self.file.bytes[self.descriptors_at:self.data_at]
        for pfn, (offset, size, flags, _) in zip(set_bits(self.bitmap), struct.iter_unpack('<QIIQ', blob)):
            if offset < self.data_at or offset + size > self.file.size or size > self.page_size:
                raise Bad('frame %#x: descriptor points to %d bytes at %#x of %#x' %
                          (pfn, size, offset, self.file.size))
            yield pfn, offset, size, flags

    def address(self, offset, size, flags):
        return self.unpack_page.address(self.file.base, offset, size, flags)

    def page(self, pfn):
        if self.index is None:
            self.index = {p: (o, s, f) for p, o, s, f in self.pages()}
        if pfn not in self.index:
            raise Bad('frame %#x is not in the dump' % pfn)
        return ctypes.string_at(self.address(*self.index[pfn]), self.page_size)


def open_dump(path):
    with open(path, 'rb') as f:
        magic = f.read(8)
    if magic[:4] == b'\x7fELF':
        return Elf(path)
    if magic == b'KDUMP   ':
        return Kdump(path)
    raise Bad('neither ELF nor kdump-compressed')


def main(argv):
    dump = open_dump(argv[1])
    if argv[2:]:
        for pfn in argv[2:]:
            page = dump.page(int(pfn, 0))
            for i in range(0, len(page), 32):
                print('%x %04x: %s' % (int(pfn, 0), i, page[i:i + 32].hex(' ', 8)))
        return 0
    print('page size %d, %d frames, %d of RAM, %d in the dump' %
          (dump.page_size, dump.max_pfn, bin(dump.ram).count('1'), bin(dump.dumped).count('1')))
    if isinstance(dump, Kdump):
        kinds = {}
        for _, _, _, flags in dump.pages():
            kinds[flags] = kinds.get(flags, 0) + 1
        print('version %d, level %d, status %#x, %d CPUs, uts %s, phys_base %#x, pages by flag %s' %
              (dump.version, dump.level, dump.status, dump.nr_cpus, dump.uts, dump.phys_base, kinds))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
